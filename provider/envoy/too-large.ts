import { bodyBytes } from "./limits";
import { extension } from "./messages";
import type { Route } from "./route";

/** Bodies up to this many bytes are read to their end though they are too large. */
const readBytes = 16 * bodyBytes;

const filterName = "envoy.filters.http.lua";

/** Drops a body as it comes, so that it takes no memory. */
const dropping = `
function envoy_on_request(handle)
  for chunk in handle:bodyChunks() do
    chunk:setBytes("")
  end
end
`;

/** The filter that drops bodies: asleep but on the route below. It has to come before the one that keeps them. */
export function droppingFilter(): object {
  const filter = extension(filterName, "envoy.extensions.filters.http.lua.v3.Lua", {});
  return { ...filter, disabled: true };
}

/**
 * Requests that say themselves that their body is too large. It is read to its end first: an answer before that closes the
 * connection under a caller who still sends, and most clients then tell of the connection alone, never of the answer.
 */
export function tooLargeRoute(): Route {
  return {
    match: {
      prefix: "/",
      headers: [
        {
          name: "content-length",
          range_match: { start: bodyBytes + 1, end: readBytes + 1 },
        },
      ],
    },
    typed_per_filter_config: {
      [filterName]: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
        source_code: { inline_string: dropping },
      },
    },
    direct_response: { status: 413 },
  };
}

/** The answer to a body that is too large, in the scorer's own words. */
export function tooLargeAnswer(): object {
  return {
    filter: {
      status_code_filter: {
        comparison: { op: "EQ", value: { default_value: 413, runtime_key: "tollgate.too_large" } },
      },
    },
    body_format_override: {
      json_format: {
        error: {
          code: "too-large",
          field: null,
          message: `The body is larger than ${bodyBytes / 1024 ** 2} MiB; send fewer rows.`,
        },
      },
    },
  };
}
