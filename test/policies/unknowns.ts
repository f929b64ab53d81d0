import * as proxy from "@pulumi/policy/proxy";

/** The SDK's own guard of unknown values, which its types leave out. */
export const { unknownCheckingProxy, unknownStringValue } = proxy as unknown as {
  unknownCheckingProxy<T extends object>(props: T): T;
  unknownStringValue: string;
};
