import { author, commit, edit, key } from "./workspace";

/** One command of the story, as a user would type it. */
export interface Command {
  readonly args: readonly string[];
  /** Exit codes that belong here: 2 where a gate has to refuse. @default [0] */
  readonly expect?: readonly number[];
}

export interface Chapter {
  /** Unique: the story goes on after the last finished chapter. */
  readonly id: string;
  readonly title: string;
  /** What the reader should look for. */
  readonly note: string;
  /** A change to the workspace before the commands. */
  readonly prepare?: () => void;
  readonly commands: readonly Command[];
  /** Commits what the commands wrote (pins, approvals), as a merged pull request would. */
  readonly commit?: string;
}

const run = (...args: string[]): Command => ({ args });
const fails = (...args: string[]): Command => ({ args, expect: [1] });
const refused = (...args: string[]): Command => ({ args, expect: [2] });

const stacks = ["dev", "staging", "prod"];

/** Makes somebody's key, and names it in prod's allowed-signers file. */
const signer = (principal: string, who: Parameters<typeof key>[0], purposes: string) =>
  run("signer", "create", principal, "--key", key(who), "--for", purposes, "--stack", "prod");

const approve = (principal: string, who: "ana" | "ben") =>
  run("approve", "--stack", "prod", "--as", principal, "--key", key(who));

/** Sets the training parameters in every stack file, as a reviewed change would. */
function parameters(lines: string, message: string): void {
  for (const stack of stacks) {
    edit(`Pulumi.${stack}.yaml`, (text) =>
      text.replace(/ {4}parameters:\n(?: {6}.*\n)+/, `    parameters:\n${lines}`),
    );
  }
  commit(message);
}

/** The exercise of promoting a churn model, from a first refusal to a rollback in production. */
export const story: readonly Chapter[] = [
  {
    id: "environments",
    title: "Three environments, each with its own registry, database and artifact store",
    note: "dev has SQLite and a folder; staging and prod have PostgreSQL and S3.",
    commands: stacks.map((stack) => run("up", "--stack", stack)),
  },
  {
    id: "signers",
    title: "Who may sign is a reviewed file",
    note: "Mira's key signs training and evidence, Ana's and Ben's sign approvals; each would come with its own pull request.",
    commands: [
      signer(author.email, "mira", "training,evidence"),
      signer("ana@example.com", "ana", "approval,waiver"),
      signer("ben@example.com", "ben", "approval,waiver"),
    ],
    commit: "Name who may sign in prod",
  },
  {
    id: "v1-dev",
    title: "v1, a logistic regression, is trained and served in dev",
    note: "In dev the gates only advise.",
    commands: [
      run("train", "--stack", "dev"),
      run("evaluate", "--stack", "dev"),
      run("pin", "1", "--stack", "dev"),
      run("up", "--stack", "dev"),
    ],
    commit: "Pin churn-model v1 in dev",
  },
  {
    id: "v1-staging",
    title: "v1 is refused in staging",
    note: "Accuracy 0.894 is under the floor of 0.9: refused at evaluation and, pinned all the same, at preview.",
    commands: [
      run("train", "--stack", "staging"),
      refused("evaluate", "--stack", "staging"),
      run("pin", "1", "--stack", "staging"),
      refused("preview", "--stack", "staging"),
    ],
    commit: "Try v1 in staging",
  },
  {
    id: "v1-prod",
    title: "v1 straight to prod is refused as well",
    note: "Code-first: the same commit is trained again on prod's data, in prod's registry. It doesn't reach a pin.",
    commands: [refused("promote", "--from", "dev", "--to", "prod")],
  },
  {
    id: "v2-staging",
    title: "v2, gradient boosting, passes and is served in staging",
    note: "The pin is one line in Pulumi.staging.yaml.",
    prepare: () => parameters("      model: gradient-boosting\n", "Train by gradient boosting"),
    commands: [
      run("train", "--stack", "staging"),
      run("evaluate", "--stack", "staging"),
      run("pin", "2", "--stack", "staging"),
      run("preview", "--stack", "staging"),
      run("up", "--stack", "staging"),
    ],
    commit: "Pin churn-model v2 in staging",
  },
  {
    id: "v2-prod",
    title: "v2 goes to prod, once two people have approved",
    note: "Without approvals the preview is refused; the author's own approval is not taken.",
    commands: [
      run("promote", "--from", "staging", "--to", "prod", "--key", key("mira")),
      refused("up", "--stack", "prod"),
      fails("approve", "--stack", "prod", "--key", key("mira")),
      approve("ana@example.com", "ana"),
      approve("ben@example.com", "ben"),
      run("up", "--stack", "prod"),
    ],
    commit: "Pin churn-model v2 in prod, approved by Ana and Ben",
  },
  {
    id: "v3",
    title: "v3 is released to staging and prod",
    note: "The same road: trained, judged, approved, released without a failed request.",
    prepare: () =>
      parameters(
        "      model: gradient-boosting\n      n_estimators: 120\n",
        "Train 120 trees instead of 100",
      ),
    commands: [
      run("train", "--stack", "staging"),
      run("evaluate", "--stack", "staging"),
      run("pin", "3", "--stack", "staging"),
      run("up", "--stack", "staging"),
    ],
    commit: "Pin churn-model v3 in staging",
  },
  {
    id: "v3-prod",
    title: "v3 in prod",
    note: "An approval of v2 is no approval of v3.",
    commands: [
      run("promote", "--from", "staging", "--to", "prod", "--key", key("mira")),
      approve("ana@example.com", "ana"),
      approve("ben@example.com", "ben"),
      run("up", "--stack", "prod"),
    ],
    commit: "Pin churn-model v3 in prod, approved by Ana and Ben",
  },
  {
    id: "rollback",
    title: "At night, prod is rolled back to v2",
    note: "The last good pin, judged again, as a new and forward up.",
    commands: [run("rollback", "--stack", "prod")],
    commit: "Roll prod back to churn-model v2",
  },
];

/** Commits what a chapter's commands wrote. */
export function close(chapter: Chapter): void {
  if (chapter.commit) commit(chapter.commit);
}
