#include "sim/deploy/mesh.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <map>
#include <thread>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

using boost::asio::ip::tcp;

constexpr auto kTimeout = std::chrono::seconds(60);
constexpr auto kRetry = std::chrono::milliseconds(20);
// Most systems' default. Others (BBR) estimate a link's rate from its delay, which shaped links do not have.
constexpr char kCongestionControl[] = "cubic";

struct Hello {
  std::int32_t from = 0;
  std::int32_t number = 0;
};

tcp::endpoint endpoint_of(const Address& address) {
  return {boost::asio::ip::make_address(address.host), static_cast<unsigned short>(address.port)};
}

tcp::socket connect(boost::asio::io_context& io, const Address& address) {
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  while (true) {
    tcp::socket socket(io);
    boost::system::error_code error;
    socket.connect(endpoint_of(address), error);
    if (!error) return socket;
    if (std::chrono::steady_clock::now() > deadline)
      throw RunError(fmt::format("nobody answers at {}:{}: {}", address.host, address.port, error.message()));
    std::this_thread::sleep_for(kRetry);
  }
}

void prepare(tcp::socket& socket) {
  socket.set_option(tcp::no_delay(true));
  // A system that does not have it keeps its own.
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CONGESTION, kCongestionControl, sizeof kCongestionControl - 1);
}

}  // namespace

std::vector<Lane> lanes_of(const RoundPlan& plan) {
  std::map<std::pair<NodeId, NodeId>, int> used;
  std::vector<Lane> lanes;
  for (const Step& step : plan.steps) {
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) {
      lanes.push_back({transfer->from, transfer->to, used[{transfer->from, transfer->to}]++});
    } else {
      const NodeId node = std::get<Compute>(step.what).node;
      lanes.push_back({node, node, 0});
    }
  }
  return lanes;
}

std::set<Lane> all_lanes(const std::vector<RoundPlan>& plans) {
  std::set<Lane> lanes;
  for (const RoundPlan& plan : plans)
    for (const Lane& lane : lanes_of(plan))
      if (lane.from != lane.to) lanes.insert(lane);
  return lanes;
}

class Mesh::Impl {
 public:
  Impl(NodeId self, const std::vector<Address>& nodes, const std::set<Lane>& lanes, OnMessage on_message)
      : on_message_(std::move(on_message)), acceptor_(io_) {
    std::size_t expected = 0;
    for (const Lane& lane : lanes) expected += lane.to == self;
    const tcp::endpoint own = endpoint_of(nodes.at(static_cast<std::size_t>(self)));
    try {
      acceptor_.open(own.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(own);
      acceptor_.listen();
      for (const Lane& lane : lanes) {
        if (lane.from != self) continue;
        tcp::socket socket = connect(io_, nodes.at(static_cast<std::size_t>(lane.to)));
        prepare(socket);
        const Hello hello{self, lane.number};
        boost::asio::write(socket, boost::asio::buffer(&hello, sizeof hello));
        outgoing_.emplace(lane, std::move(socket));
      }
      for (std::size_t i = 0; i < expected; ++i) {
        incoming_.push_back(acceptor_.accept());
        prepare(incoming_.back());
        Hello hello;
        boost::asio::read(incoming_.back(), boost::asio::buffer(&hello, sizeof hello));
      }
    } catch (const boost::system::system_error& error) {
      throw RunError(fmt::format("node {} at {}:{}: {}", self, own.address().to_string(), own.port(), error.what()));
    }
    for (tcp::socket& socket : incoming_) readers_.emplace_back([this, &socket] { read(socket); });
  }

  ~Impl() {
    // A reader ends when its peer closes the connection, or here.
    boost::system::error_code ignored;
    for (auto& [lane, socket] : outgoing_) socket.shutdown(tcp::socket::shutdown_both, ignored);
    for (tcp::socket& socket : incoming_) socket.shutdown(tcp::socket::shutdown_both, ignored);
    for (std::thread& reader : readers_) reader.join();
  }

  void send(const Lane& lane, const MessageHeader& header, const Payload& payload) {
    const std::array<boost::asio::const_buffer, 2> message = {boost::asio::buffer(&header, sizeof header),
                                                              boost::asio::buffer(payload)};
    boost::asio::write(outgoing_.at(lane), message);
  }

 private:
  void read(tcp::socket& socket) {
    while (true) {
      MessageHeader header;
      boost::system::error_code error;
      boost::asio::read(socket, boost::asio::buffer(&header, sizeof header), error);
      if (error) return;
      Payload payload(static_cast<std::size_t>(header.bytes));
      boost::asio::read(socket, boost::asio::buffer(payload), error);
      if (error) return;
      on_message_(header, std::move(payload));
    }
  }

  OnMessage on_message_;
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::map<Lane, tcp::socket> outgoing_;
  std::vector<tcp::socket> incoming_;
  std::vector<std::thread> readers_;
};

Mesh::Mesh(NodeId self, const std::vector<Address>& nodes, const std::set<Lane>& lanes, OnMessage on_message)
    : impl_(std::make_unique<Impl>(self, nodes, lanes, std::move(on_message))) {}
Mesh::~Mesh() = default;

void Mesh::send(const Lane& lane, const MessageHeader& header, const Payload& payload) {
  impl_->send(lane, header, payload);
}

}  // namespace msfusion
