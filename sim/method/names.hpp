// The choices' names in scenario files, messages and reports: one table per closed set.
#pragma once

#include <array>
#include <string>

#include "sim/base/choice.hpp"
#include "sim/method/method.hpp"

namespace msfusion {

template <class T, std::size_t N>
using NameTable = std::array<Choice<T>, N>;

inline constexpr NameTable<SplitRule, 6> kSplitRules{{{SplitRule::full, "full", ""},
                                                      {SplitRule::narrow, "narrow", ""},
                                                      {SplitRule::fixed, "fixed", ""},
                                                      {SplitRule::rolling, "rolling", ""},
                                                      {SplitRule::random, "random", ""},
                                                      {SplitRule::double_shift, "double-shift", ""}}};
inline constexpr NameTable<ObjectiveKind, 6> kObjectives{{{ObjectiveKind::cross_entropy, "cross-entropy", ""},
                                                          {ObjectiveKind::masked_cross_entropy, "masked-cross-entropy", ""},
                                                          {ObjectiveKind::proximal, "proximal", ""},
                                                          {ObjectiveKind::control_variates, "control-variates", ""},
                                                          {ObjectiveKind::model_contrastive, "model-contrastive", ""},
                                                          {ObjectiveKind::contrastive, "contrastive", ""}}};
inline constexpr NameTable<ExchangeKind, 8> kExchanges{{{ExchangeKind::server, "server", ""},
                                                        {ExchangeKind::edge, "edge", ""},
                                                        {ExchangeKind::peers, "peers", ""},
                                                        {ExchangeKind::asynchronous, "asynchronous", ""},
                                                        {ExchangeKind::split, "split", ""},
                                                        {ExchangeKind::logits, "logits", ""},
                                                        {ExchangeKind::none, "none", ""},
                                                        {ExchangeKind::central, "central", ""}}};
inline constexpr NameTable<MergeKind, 10> kMerges{{{MergeKind::mean, "mean", ""},
                                                   {MergeKind::overlap_mean, "overlap-mean", ""},
                                                   {MergeKind::momentum, "momentum", ""},
                                                   {MergeKind::adam, "adam", ""},
                                                   {MergeKind::variates, "variates", ""},
                                                   {MergeKind::gossip, "gossip", ""},
                                                   {MergeKind::staleness, "staleness", ""},
                                                   {MergeKind::distill, "distill", ""},
                                                   {MergeKind::average_logits, "average-logits", ""},
                                                   {MergeKind::none, "none", ""}}};
inline constexpr NameTable<PeerGraph, 7> kPeerGraphs{{{PeerGraph::complete, "complete", ""},
                                                      {PeerGraph::ring, "ring", ""},
                                                      {PeerGraph::regular, "regular", ""},
                                                      {PeerGraph::erdos_renyi, "erdos-renyi", ""},
                                                      {PeerGraph::small_world, "small-world", ""},
                                                      {PeerGraph::geometric, "geometric", ""},
                                                      {PeerGraph::file, "file", ""}}};

/// "double-shift | contrastive | peers | overlap-mean"
std::string choices_text(const Method& method);

}  // namespace msfusion
