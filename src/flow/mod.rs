//! External tools: finding and installing them, and running simulation, synthesis and place-and-route.
