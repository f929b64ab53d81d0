import * as pulumi from "@pulumi/pulumi";
import { readyToken } from "../policies/resource-tokens";

/**
 * Has the engine start the provider, which it would do only for the first resource: so it loads while the program does. What
 * is wrong with it is told by the first resource.
 */
export function startProvider(): void {
  pulumi.runtime.invoke(readyToken, {}).catch(() => undefined);
}
