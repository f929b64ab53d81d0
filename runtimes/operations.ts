import type { Settings } from "../config/settings";
import type { GuardedResource } from "../policies/guardrails/guardrail";
import type { Part } from "../toolchain/doctor-part";
import type { Answer, Observed, RegistryStatus, ServingStatus } from "./observed";

/** How a runtime shows that something takes a while. */
export interface Progress {
  end(): void;
}

/** The logs of a stack that there are. */
export interface LogList {
  /** One each, for `--json`. */
  readonly logs: readonly object[];
  /** One each, for a person. */
  readonly lines: readonly string[];
  /** Of what there are none yet, such as `logs`. */
  readonly what: string;
}

/** The end of one log. */
export interface LogEnd {
  /** Whose it is, for `--json`. */
  readonly source: object;
  readonly lines: string[];
}

/** A copy of a stack's data in one archive, made before the data is deleted. */
export interface DataBackup {
  /** Where it goes, absolute. */
  readonly file: string;
  /**
   * Packs the folders, and reads the archive back; nothing is left of one that isn't whole.
   *
   * @throws OperationError `backup` when it couldn't be made
   */
  make(folders: readonly string[]): Promise<void>;
  /** Gives up a backup that wasn't made. */
  abandon(): void;
}

/** What became of the data that a runtime keeps outside of the state folder. */
export interface DataFate {
  /** What was kept or deleted, a name each. */
  readonly places: string[];
  /** The same as one sentence; null when nothing was there. */
  readonly sentence: string | null;
}

/** The files of a rendering: path below its folder -> content. The same settings give the same. */
export type RenderedFiles = ReadonlyMap<string, string>;

/** An environment as files for a review and for GitOps. */
export interface Rendering {
  /** What is in it, as the guardrails judge it. */
  readonly resources: GuardedResource[];
  files(): Promise<RenderedFiles>;
}

/** What differs between the kinds as a plain fact. */
export interface Traits {
  /** Does a recorded state hold paths of this machine, so that it belongs to one folder? */
  readonly stateNamesFolders: boolean;
  /** May an `up` without anything to do be told without the engine? */
  readonly tellsUnchanged: boolean;
  /** Can callers' answers be had from here whenever there are any? Where not, silence is no failure. */
  readonly answersHere: boolean;
  /** May somebody else than `up` make what is pinned, such as GitOps, which writes no receipt? */
  readonly releasedByOthers: boolean;
  /** Can `--backup` copy the data before it is deleted? */
  readonly backsUp: boolean;
}

/**
 * What is done with an environment beside declaring it. Each kind has all of it; heavy parts are loaded by the
 * operation that needs them. What goes wrong for a reason that a user can mend is an OperationError.
 */
export interface Operations {
  readonly traits: Traits;

  /**
   * Makes sure that what the environment runs on answers and has what the settings ask for, before anything begins.
   *
   * @throws OperationError one sentence with the reason and the ways on
   */
  requireReady(settings: Settings): Promise<void>;
  /**
   * Refuses a change of settings that can't be made in one step without callers noticing.
   *
   * @throws OperationError `settings`: one sentence that says how to go on
   */
  requireOneMove(settings: Settings): Promise<void>;

  /**
   * Has this environment's own registry been made? Before that there is nobody to ask for evidence, and nothing can
   * be serving either.
   *
   * @throws Error one sentence when what the environment runs on can't be reached
   */
  registryExists(settings: Settings): Promise<boolean>;
  /**
   * Makes sure that the registry's address leads to this environment's registry.
   *
   * @throws OperationError `address-taken` when another environment, or another program, has it
   */
  requireOwnRegistry(settings: Settings): Promise<void>;
  /**
   * Runs something that other programs reach the registry in by its address.
   *
   * @param work gets settings whose registry is reached by its address as long as it runs
   * @throws ClusterError when there is no way to it
   */
  withReachableRegistry<T, S extends Settings>(
    settings: S,
    work: (settings: S) => Promise<T>,
  ): Promise<T>;
  /** Where the data of the environment's own registry should be and isn't any more; null when it is, or isn't here. */
  lostRegistryData(settings: Settings): string | null;
  /**
   * Whom else the addresses of this environment lead to, a sentence each. What is asked there isn't asked of this
   * environment, so nothing may be judged by its answer.
   */
  strangers(settings: Settings): Promise<string[]>;

  /**
   * Looks at the environment from the outside. Never throws for what is down.
   *
   * @param askRegistry asks the registry; not called where the way to it is known to be closed
   */
  observe(settings: Settings, askRegistry: () => Promise<RegistryStatus>): Promise<Observed>;
  /**
   * Asks once what callers get after a release. Never throws for what is down.
   *
   * @param url where the release's outputs say that callers reach the model. A kind whose addresses mean nothing on this
   *   machine asks the same servers in its own way instead.
   */
  answer(settings: Settings, url: string): Promise<Answer>;
  /** What callers get after an `up` that failed; null where the failure says it, or nobody here can tell. */
  servingAfterFailure(settings: Settings): Promise<ServingStatus | null>;
  /** Does the address that callers use mean anything on this machine? */
  isReachableHere(settings: Settings): boolean;

  /**
   * Brings receipts of releases that were made on another machine here.
   *
   * @throws ClusterError when they can't be had; AlteredReceiptsError when they can't belong to those here
   */
  fetchReceipts(settings: Settings): Promise<void>;

  /** The logs that there are. */
  logs(settings: Settings): Promise<LogList>;
  /**
   * The end of one log.
   *
   * @param name as the user gave it
   * @throws OperationError `no-log` that says what there is
   */
  logEnd(settings: Settings, name: string, count: number): Promise<LogEnd>;

  /**
   * Ends the servers and keeps everything else. Done twice, it gives the same.
   *
   * @returns names of the servers that are ended now
   * @throws OperationError where servers can't be stopped in place
   */
  stop(settings: Settings): Promise<string[]>;

  /** Where the environment's own data lies, as a place in a sentence. */
  dataPlace(settings: Settings): string;
  /**
   * Claims the place of a backup, so that a place that won't do is told before anything is changed.
   *
   * @param wanted as the user wrote it, seen from the working directory
   * @throws OperationError `usage` for a place that won't do, or data that can't be copied from here
   */
  claimBackup(settings: Settings, wanted: string): Promise<DataBackup>;
  /**
   * Tells what outlives `destroy` outside of the state folder, and deletes it when asked.
   *
   * @param progress is begun while that is done
   */
  keptData(
    settings: Settings,
    deleted: boolean,
    progress: (what: string) => Progress,
  ): Promise<DataFate | null>;

  /**
   * Looks at what an environment of this kind needs beside what every machine needs.
   *
   * @param fix the command that gets what can be got
   */
  diagnose(settings: Settings, fix: string): Promise<Part[]>;
  /**
   * Gets the engine's plugins that this kind needs; the first one takes minutes, and shows its own progress.
   *
   * @param environment the engine's for the project folder, which gets files by it: asked for only where there are plugins
   */
  ensurePlugins(
    engine: { readonly binary: string },
    environment: () => NodeJS.ProcessEnv,
  ): Promise<void>;

  /** Is everything as the last `up` from this machine left it, as far as our own provider doesn't look by itself? */
  isUntouched(settings: Settings): Promise<boolean>;
  /** To be called before anything is changed: what ends in the middle is to be looked at. */
  forgetUntouched(settings: Settings): Promise<void>;
  /** Records how an `up` left the environment. */
  recordUntouched(settings: Settings): Promise<void>;
  /** Puts right what was changed by hand and the engine would leave; a sentence each. */
  undoByHand(settings: Settings): Promise<string[]>;
  /**
   * Removes what an interrupted run had made of one resource and no state stands for.
   *
   * @param inputs of the resource, as recorded
   * @returns its name; null when it isn't there, or isn't ours
   */
  removeAbandoned(settings: Settings, inputs: Record<string, unknown>): Promise<string | null>;

  /** The image of Tollgate's that the settings name, by digest; null where nothing runs as an image. */
  servingImage(settings: Settings): string | null;

  /**
   * Where the bytes of versions are kept that are evaluated: where a release has them, if that is on this machine.
   *
   * @param scratch a folder of this evaluation alone
   */
  modelFolder(settings: Settings, scratch: string): string;

  /** The environment as files; null for a kind that has none. */
  readonly render: ((settings: Settings) => Promise<Rendering>) | null;
}
