import { parseParameters, train } from "../training/training";
import type { Run } from "../verb";

/** `tollgate train`: prints the JSON line of the trained version. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const parameters = parseParameters((options.param as string[] | undefined) ?? []);
  const { result, digest } = await train(context, settings, { parameters, key: options.key });
  context.output.note(
    `Registered ${settings.model} version ${result.model_version}. Next: tollgate evaluate --stack ${settings.stack} --model-version ${result.model_version}`,
  );
  return { document: { ...result, digest }, text: JSON.stringify(result) };
};
