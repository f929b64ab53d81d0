import { release } from "../releasing/releasing";
import type { Run } from "../verb";

/** `tollgate up`: releases what is pinned. */
export const run: Run = async (context) => release(context, await context.settings());
