// Choices that several methods share. A method is a file beside this one: it takes a family's choices and changes some.
#pragma once

#include "sim/method/registry.hpp"

namespace msfusion::methods {

/// FedAvg (McMahan et al. 2017): whole models, the server takes their mean, w = sum_k (n_k / n) w_k.
Method averaging();

/// Slices at rates that fit the devices, with the masked loss and the scaler of HeteroFL's release.
Method partial_training(SplitRule rule);

/// The first quarter, half, three quarters or all of the model's stages, dealt to equal blocks of devices; every
/// element becomes the plain mean over those who hold it.
Method by_depth();

/// Whole models among peers on a ring, x_i = sum_j W_ij x_j with Metropolis weights.
Method gossiping();

/// The server merges after `buffer` arrivals, each weighted by the age of the model that it started from.
Method asynchronous(int buffer);

}  // namespace msfusion::methods
