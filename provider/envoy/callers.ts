/**
 * What the connection manager takes from callers as they come, beyond HTTP/1.1 and HTTP/2 as Envoy takes them. HTTP lets a
 * server ignore each offer to go on in another protocol, and a proxy isn't meant to pass one on.
 */
export function asCallersSpeak(): object {
  return {
    http_protocol_options: {
      // nginx speaks to what is behind it in HTTP/1.0, unless told otherwise, and so does `ab`.
      accept_http_10: true,
      // HTTP/1.0 wants no Host.
      default_host_for_http_10: "scorer",
      // Java offers h2c, Apache's client TLS.
      ignore_http_11_upgrade: [{ safe_regex: { regex: ".*" } }],
    },
  };
}
