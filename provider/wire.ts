/** What the engine sends in a preview for a value that is not known yet. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Marks an object that stands for something else: a secret, an output, a resource. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/**
 * Properties as plain values. Secrets and outputs are sent wrapped; Tollgate's resources hold no secret (they name
 * files), so a value that became secret by way of an expression is used as what it is.
 */
export function plain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plain) as T;
  if (typeof value !== "object" || value === null) return value;
  const wrapped = value as Record<string, unknown>;
  const signature = wrapped[signatureKey];
  if (signature === secretSignature || signature === outputSignature) {
    return plain("value" in wrapped ? wrapped.value : unknownValue) as T;
  }
  return Object.fromEntries(Object.entries(wrapped).map(([key, each]) => [key, plain(each)])) as T;
}
