import type { z } from "zod";

/**
 * A setting with its default, which its description ends with: `… Default 0.05.`
 *
 * @param meaning one or more sentences
 */
export function withDefault<S extends z.ZodType>(
  schema: S,
  value: (string | number | boolean) & z.core.util.NoUndefined<z.output<S>>,
  meaning: string,
): z.ZodDefault<S> {
  return schema.default(value).describe(`${meaning} Default ${value}.`);
}
