import * as pulumi from "@pulumi/pulumi";

/** One resource as the engine was told of it. */
export interface Registration {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** Outputs a mocked resource answers with, beside its inputs. */
export type Answers = (registration: Registration) => Record<string, unknown>;

/**
 * Runs a program under Pulumi's own mocks and returns what it registered, in order. Cannot prove that a provider
 * accepts the inputs: the engine specs do. A provider function call is a failure: the program makes none.
 */
export async function registrationsOf(
  program: () => unknown,
  answers: Answers = () => ({}),
): Promise<Registration[]> {
  const registered: Registration[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource(args) {
        const registration = { type: args.type, name: args.name, inputs: args.inputs };
        registered.push(registration);
        return { id: `${args.name}-id`, state: { ...args.inputs, ...answers(registration) } };
      },
      call(args) {
        throw new Error(`unexpected provider call ${args.token}`);
      },
    },
    "tollgate",
    "test",
    false,
  );
  // The SDK's own wait: registrations are promises that the program doesn't hold.
  await pulumi.runtime.runInPulumiStack(() => Promise.resolve(program()).then(() => ({})));
  await pulumi.runtime.disconnect();
  return registered.filter((each) => each.type !== "pulumi:pulumi:Stack");
}
