import { longestWaiverDays } from "../policies/waiver-days";
import { optionDefaults } from "./defaults";
import type { Verb } from "./verb";

const force = [
  "--force",
  `sign a waiver of ${optionDefaults.forcedHours} h for each gate that refuses and may be waived; needs --reason`,
] as const;
const reason = ["--reason <text>", "why, in at least 10 characters"] as const;
const key = [
  "--key <file>",
  "private key to sign with; default: TOLLGATE_SIGNING_KEY, git's SSH signing key, ~/.ssh/id_ed25519",
] as const;
const signAs = [
  "--as <name>",
  "one of your names in the signers file; default: git's user.email",
] as const;
const parameter = [
  "--param <name=value>",
  "training parameter; may be repeated",
  "repeatable",
] as const;

/** Every verb, in the order of `tollgate --help`. */
export const verbs: readonly Verb[] = [
  {
    name: "doctor",
    summary:
      "Name each part Tollgate needs, where it comes from, and what mends a missing one; of a stack's cluster too.",
    options: [
      [
        "--fix",
        "get the Pulumi engine and the Python environment if they are missing; with --stack, the Kubernetes plugin too where it is needed",
      ],
    ],
    examples: ["tollgate doctor", "tollgate doctor --fix", "tollgate doctor --stack staging"],
    needsProject: false,
    load: () => import("./commands/doctor"),
  },
  {
    name: "lock",
    operands: "[requirements]",
    summary:
      "Lock the Python packages that a model of yours needs, together with Tollgate's own, with hashes.",
    options: [],
    examples: ["tollgate lock", "tollgate lock models/requirements.in"],
    load: () => import("./commands/lock"),
  },
  {
    name: "train",
    summary: "Train on this environment's data and register a new model version in its registry.",
    options: [
      parameter,
      [
        "--key <file>",
        "private key that signs how the version was made; default: TOLLGATE_SIGNING_KEY, else it stays unsigned",
      ],
    ],
    examples: [
      "tollgate train --stack staging",
      "tollgate train -s dev --param model=gradient-boosting",
      "tollgate train -s prod --key ~/.ssh/id_ed25519",
    ],
    load: () => import("./commands/train"),
  },
  {
    name: "evaluate",
    operands: "[training]",
    summary:
      "Measure a model version on the pinned evaluation data, record the evidence and judge it by the gates.",
    options: [
      [
        "--model-version <version>",
        "which version; default: the one that training prints into a pipe, else the newest",
      ],
      [
        "--key <file>",
        "private key that signs the evidence; default: TOLLGATE_SIGNING_KEY, else it stays unsigned",
      ],
    ],
    examples: [
      "tollgate evaluate --stack staging",
      "tollgate evaluate -s staging --model-version 2",
      "tollgate train -s staging | tollgate evaluate -s staging -",
    ],
    load: () => import("./commands/evaluate"),
  },
  {
    name: "versions",
    summary:
      "List the registered versions, newest first: what was measured, and what the gates say of each.",
    options: [["--last <number>", `how many; default: ${optionDefaults.versions}`]],
    examples: ["tollgate versions --stack staging", "tollgate versions -s prod --last 50 --json"],
    load: () => import("./commands/versions"),
  },
  {
    name: "pin",
    operands: "[version]",
    summary:
      "Write in Pulumi.<stack>.yaml which model version this environment serves; default: the newest.",
    options: [["--none", "remove the pin"]],
    examples: ["tollgate pin 2 --stack staging", "tollgate pin --none -s dev"],
    load: () => import("./commands/pin"),
  },
  {
    name: "preview",
    summary: "Show what `up` would change, the move of the pin, and every gate's verdict.",
    options: [["--markdown", "one pull-request comment"]],
    examples: [
      "tollgate preview --stack staging",
      "tollgate preview -s prod --markdown > comment.md",
    ],
    load: () => import("./commands/preview"),
  },
  {
    name: "render",
    summary: "Write the manifests of an environment that runs in a cluster, for review and GitOps.",
    options: [
      [
        "--out <folder>",
        "where they go: a new folder, an empty one, or one of an earlier rendering",
      ],
      ["--check", "write nothing; exit with 1 when the folder differs"],
    ],
    examples: [
      "tollgate render --stack prod --out rendered/prod",
      "tollgate render -s prod --out rendered/prod --check",
    ],
    load: () => import("./commands/render"),
  },
  {
    name: "image",
    operands: "[action...]",
    summary:
      "Build the image that pods and containers run, by your own Docker, or push one: build, push.",
    options: [
      [
        "--tag <name>",
        "build: what it is called, with its registry; default: tollgate, or the model's name with --model, tagged <version>-<date>",
      ],
      [
        "--base <image>",
        "build: what it is put on, Debian or Ubuntu with Python; with --model an image of Tollgate's, by default the stack's",
      ],
      ["--model <version>", "build: bake that version of the stack's model in"],
      ["--pip-conf <file>", "build: pip's settings, as a secret that stays in no layer"],
      ["--ca <file>", "build: certificates that pip trusts, there as /run/secrets/ca.pem"],
    ],
    examples: [
      "tollgate image build --tag registry.example/tollgate",
      "tollgate image build --base debian-python:12 --pip-conf ~/.config/pip/pip.conf --ca ca.pem",
      "tollgate image build --model 7 --tag registry.example/churn-model --stack prod",
      "tollgate image push registry.example/tollgate:1.4.0-20261130 --stack prod",
    ],
    needsProject: false,
    load: () => import("./commands/image"),
  },
  {
    name: "up",
    summary:
      "Release what is pinned: gates first, then new scorers, checks, traffic, stage, receipt.",
    options: [],
    examples: ["tollgate up --stack staging"],
    load: () => import("./commands/up"),
  },
  {
    name: "promote",
    summary:
      "Bring the version that one environment serves to another: the same code trained there, or its bytes.",
    options: [
      ["--from <stack>", "environment whose released version is promoted"],
      ["--to <stack>", "environment that gets it"],
      ["--model", "copy the bytes instead of training the same commit on the target's data"],
      parameter,
      [
        "--key <file>",
        "private key that signs training, evidence and waivers of --force; default: TOLLGATE_SIGNING_KEY, else training and evidence stay unsigned",
      ],
      force,
      reason,
      signAs,
      ["--up", "release it as well"],
    ],
    examples: [
      "tollgate promote --from staging --to prod",
      "tollgate promote --from staging --to prod --model",
    ],
    load: () => import("./commands/promote"),
  },
  {
    name: "approve",
    summary:
      "Sign that you approve exactly the pinned version, under these gates, for this environment.",
    options: [
      key,
      signAs,
      ["--valid <time>", `how long it counts, such as 24h; default: ${optionDefaults.approval}`],
      ["--comment <text>", "kept with the approval"],
    ],
    examples: ["tollgate approve --stack prod", "tollgate approve -s prod --key ~/.ssh/id_ed25519"],
    load: () => import("./commands/approve"),
  },
  {
    name: "waive",
    operands: "[gate]",
    summary: "Sign that one version may be released although one gate refuses it, for a time.",
    options: [
      reason,
      [
        "--for <time>",
        `how long it counts, at most ${longestWaiverDays}d; default: ${optionDefaults.waiver}`,
      ],
      ["--model-version <version>", "which version; default: the pinned one"],
      key,
      signAs,
      ["--list", "show every waiver and whether it counts"],
    ],
    examples: [
      'tollgate waive latency --stack prod --reason "slow disk, ticket 4711" --for 24h',
      "tollgate waive --list --stack prod",
    ],
    load: () => import("./commands/waive"),
  },
  {
    name: "signer",
    operands: "[action...]",
    summary: "Say who may sign in this environment: add, create, list or revoke.",
    options: [
      ["--key <file>", "add: the person's .pub file; create: where the new private key shall be"],
      [
        "--for <purposes>",
        "what the key may sign: training,evidence,approval,waiver or some of them",
      ],
    ],
    examples: [
      "tollgate signer add ada@example.com --key ada.pub --for approval,waiver --stack prod",
      "tollgate signer create ci@example.com --key ~/.ssh/ci --for training,evidence --stack prod",
      "tollgate signer list --stack prod",
      "tollgate signer revoke ada@example.com --stack prod",
    ],
    load: () => import("./commands/signer"),
  },
  {
    name: "gate",
    summary: "Judge an evidence document, or a number from stdin, with no registry and no secret.",
    options: [
      ["--evidence <file>", "evidence document; without it a number is read from stdin"],
      ["--settings <file>", "a Pulumi.<stack>.yaml; default: that of the stack here"],
      ["--signature <file>", "DSSE envelope; default: <evidence>.dsse.json beside the document"],
      [
        "--provenance <file>",
        "what was signed of the training; default: provenance-….dsse.json beside evidence-….json",
      ],
      ["--floor <metric=number>", "limit for a number on stdin; may be repeated", "repeatable"],
      ["--markdown", "one pull-request comment"],
    ],
    examples: [
      "tollgate gate --evidence evidence-2.json --settings Pulumi.prod.yaml",
      "tollgate train -s dev --json | tollgate gate --floor accuracy=0.9",
    ],
    needsProject: false,
    load: () => import("./commands/gate"),
  },
  {
    name: "explain",
    operands: "[gate]",
    summary: "What a gate measures, by which source, its settings in force here, and what to do.",
    options: [],
    examples: ["tollgate explain", "tollgate explain metric-floor --stack prod"],
    needsProject: false,
    load: () => import("./commands/explain"),
  },
  {
    name: "replay",
    summary: "Judge every past deployment by today's gates, and say which would be refused now.",
    options: [["--strict", "exit with 2 when one would be refused"]],
    examples: ["tollgate replay --stack prod", "tollgate replay -s prod --strict --json"],
    load: () => import("./commands/replay"),
  },
  {
    name: "pack",
    summary: "The digest of the gates that judge now, beside the one the stack was reviewed under.",
    options: [["--record", "write it into Pulumi.<stack>.yaml as tollgate:pack"]],
    examples: ["tollgate pack --stack prod", "tollgate pack --record --stack prod"],
    load: () => import("./commands/pack"),
  },
  {
    name: "status",
    summary: "What is pinned, what is recorded, what really answers, and where they differ.",
    options: [["--check", "exit with 1 when they differ, or when the servers were ended"]],
    examples: ["tollgate status --stack prod", "tollgate status -s prod --check --json"],
    load: () => import("./commands/status"),
  },
  {
    name: "rollback",
    summary: "Pin the last good version again and release it as a new, forward `up`.",
    options: [
      ["--to <version>", "an earlier released version; default: the one before"],
      force,
      reason,
      key,
      signAs,
    ],
    examples: ["tollgate rollback --stack prod", "tollgate rollback -s prod --to 3"],
    load: () => import("./commands/rollback"),
  },
  {
    name: "refresh",
    summary: "Compare the recorded state with what really runs, and record what is found.",
    options: [],
    examples: ["tollgate refresh --stack staging"],
    load: () => import("./commands/refresh"),
  },
  {
    name: "stop",
    summary: "Stop this environment's servers and forget nothing: the next `up` starts them again.",
    options: [],
    examples: ["tollgate stop --stack dev"],
    load: () => import("./commands/stop"),
  },
  {
    name: "destroy",
    summary: "Stop everything of this environment. Database, artifacts and receipts are kept.",
    options: [
      ["--delete-data", "delete database and artifacts as well"],
      [
        "--yes <stack>",
        "the stack's name: a protected one wants it, here or typed at a terminal, before its data goes",
      ],
      ["--backup <file>", "with --delete-data: a copy of the data in one archive, made first"],
    ],
    examples: [
      "tollgate destroy --stack dev",
      "tollgate destroy -s dev --delete-data",
      "tollgate destroy -s prod --delete-data --yes prod --backup prod.tgz",
    ],
    load: () => import("./commands/destroy"),
  },
  {
    name: "logs",
    operands: "[process or pod]",
    summary: "Where the logs are, or the end of one: of a process, a pod, or <pod>/<container>.",
    options: [
      ["--lines <number>", `how many lines from the end; default: ${optionDefaults.lines}`],
    ],
    examples: [
      "tollgate logs --stack dev",
      "tollgate logs tracking-server -s dev --lines 200",
      "tollgate logs scorer-1f2e3d4c-abcde -s prod",
    ],
    load: () => import("./commands/logs"),
  },
  {
    name: "env",
    summary:
      "Environment variables that let plain `pulumi` run here and, with --stack, plain `mlflow` ask its registry: eval the output.",
    options: [],
    examples: [
      'eval "$(tollgate env)" && pulumi preview --stack staging',
      'eval "$(tollgate env --stack staging)" && mlflow experiments search',
    ],
    load: () => import("./commands/env"),
  },
  {
    name: "pulumi",
    operands: "[arguments...]",
    summary: "Run Tollgate's Pulumi engine in this project folder with the right environment.",
    options: [],
    examples: ["tollgate pulumi -- stack ls", "tollgate pulumi -- preview --stack staging --diff"],
    passThrough: true,
    load: () => import("./commands/pulumi"),
  },
];
