// What SimGrid tells about activities, hosts and links: 3.32 and 4.0 name it differently.
#pragma once

#include <simgrid/version.h>

#include <simgrid/s4u.hpp>

namespace msfusion {

/// `call` gets every computation and transfer that has ended, also one that failed or was cancelled.
template <class Call>
void on_activity_end(const Call& call) {
#if SIMGRID_VERSION_MAJOR >= 4
  simgrid::s4u::Exec::on_completion_cb(call);
  simgrid::s4u::Comm::on_completion_cb(call);
#else
  simgrid::s4u::Activity::on_completion_cb(call);
#endif
}

/// `call` gets every host that went on or off.
template <class Call>
void on_host_switch(const Call& call) {
#if SIMGRID_VERSION_MAJOR >= 4
  simgrid::s4u::Host::on_onoff_cb(call);
#else
  simgrid::s4u::Host::on_state_change_cb(call);
#endif
}

/// `call` gets every link that went on or off.
template <class Call>
void on_link_switch(const Call& call) {
#if SIMGRID_VERSION_MAJOR >= 4
  simgrid::s4u::Link::on_onoff_cb(call);
#else
  simgrid::s4u::Link::on_state_change_cb(call);
#endif
}

}  // namespace msfusion
