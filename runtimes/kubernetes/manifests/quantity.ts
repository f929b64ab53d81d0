const factors: Readonly<Record<string, number>> = {
  "": 1,
  m: 1 / 1000,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity as the settings allow it, such as `500m` or `2Gi`, in its unit (cores, bytes). */
function amountOf(quantity: string): number {
  const [, digits, suffix] = /^([0-9]+)([a-zA-Z]*)$/.exec(quantity)!;
  return Number(digits) * factors[suffix!]!;
}

/** A number of times a quantity. */
type Part = readonly [times: number, quantity: string];

/** Sum of CPU quantities as Kubernetes itself writes it: tools that compare with the cluster see no difference. */
export function sumOfCpu(parts: readonly Part[]): string {
  const millicores = parts.map(
    ([times, quantity]) => times * Math.round(amountOf(quantity) * 1000),
  );
  return canonical(total(millicores), 1000, ["m", "", "k", "M"]);
}

/** Sum of quantities of bytes, rounded up to whole MiB, as Kubernetes itself writes it. */
export function sumOfBytes(parts: readonly Part[]): string {
  const bytes = total(parts.map(([times, quantity]) => times * amountOf(quantity)));
  return canonical(Math.ceil(bytes / 2 ** 20), 1024, ["Mi", "Gi", "Ti", "Pi"]);
}

/** A share of a quantity of bytes in whole MiB, at least 1. */
export function shareOfBytes(quantity: string, share: number): number {
  return Math.max(1, Math.floor((amountOf(quantity) * share) / 2 ** 20));
}

/** A whole number with the largest suffix that leaves it whole. */
function canonical(number: number, step: number, [suffix, ...larger]: readonly string[]): string {
  const goesOn = number > 0 && number % step === 0 && larger.length > 0;
  return goesOn ? canonical(number / step, step, larger) : `${number}${suffix}`;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
