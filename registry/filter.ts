import { RegistryError } from "./errors";

/**
 * MLflow's filter for one name, such as `name='churn-model'`.
 *
 * MLflow takes what stands between two quotes as it is: it knows no escape, and a quote written twice stays two. So a
 * name with a single quote is put between double ones.
 *
 * @throws RegistryError `refused` for a name with quotes of both kinds, which no filter can hold
 */
export function nameFilter(name: string): string {
  const quote = name.includes("'") ? '"' : "'";
  if (name.includes(quote)) {
    throw new RegistryError(
      "refused",
      `The name ${JSON.stringify(name)} has single and double quotes, which MLflow can't search for together; register the model by a name with one kind of them.`,
    );
  }
  return `name=${quote}${name}${quote}`;
}
