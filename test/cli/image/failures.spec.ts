// What Docker of several versions says, and what is made of it. What can be caused is caused in test/docker.
import assert from "node:assert/strict";
import { buildFailure, daemonFailure, pushFailure } from "../../../cli/image/failures";

const daemon = "ssh://ada@build.example";

const ofDaemon: [code: string, said: string][] = [
  [
    "docker-rights",
    'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied',
  ],
  [
    "docker-rights",
    "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
  ],
  [
    "docker-away",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
  ],
  [
    "docker-away",
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running",
  ],
  [
    "docker-away",
    'error during connect: Get "http://docker.example.com/v1.24/version": command [ssh -l ada -- build.example docker system dial-stdio] has exited with exit status 255, please make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=ssh: connect to host build.example port 22: Connection refused',
  ],
  ["docker-away", "\ntimed out"],
  [
    "docker-context",
    'Current context "gone" is not found on the file system, please check your config file at /h/.docker/config.json',
  ],
  ["docker-context", "unable to parse docker host `nonsense`"],
  ["docker-context", "Invalid bind address format: ftp://x"],
];

describe("failures of Docker", () => {
  for (const [code, said] of ofDaemon) {
    it(`${code}: ${said.trim().slice(0, 70)}`, () => {
      const failure = daemonFailure({ said, daemon });
      assert.equal(failure?.code, code);
      if (code !== "docker-context") assert.match(failure.message, /ssh:\/\/ada@build\.example/);
    });
  }

  const build = (said: string) =>
    buildFailure({ said, daemon, base: "base:1", logFile: "/l/build.log" });

  const ofBuild: [code: string, said: string][] = [
    ["no-buildkit", "ERROR: BuildKit is enabled but the buildx component is missing or broken."],
    [
      "no-buildkit",
      "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/",
    ],
    [
      "docker-disk-full",
      "#9 3.1 OSError: [Errno 28] No space left on device\n#9 ERROR: exit code: 1",
    ],
    ["base-architecture", "#5 0.2 exec /bin/sh: exec format error\n#5 ERROR: exit code: 1"],
    ["base-architecture", "#3 ERROR: no match for platform in manifest sha256:ab: not found"],
    [
      "base-image",
      "#3 [internal] load metadata for docker.io/library/base:1\n#3 ERROR: pull access denied, repository does not exist or may require authorization",
    ],
    ["docker-away", '#7 [packages 2/5] RUN x\nerror during connect: Post "http://x": EOF'],
    ["no-buildkit", "unknown flag: --progress\nSee 'docker --help'."],
    ["image-build", "failed to solve with frontend dockerfile.v0"],
  ];
  for (const [code, said] of ofBuild) {
    it(`${code}, of a build: ${said.slice(0, 70)}`, () => assert.equal(build(said).code, code));
  }

  it("shows of a failed step what it said at its end, without the others' lines", () => {
    const lines = Array.from({ length: 30 }, (_, at) => `#7 ${at}.5 line ${at}`);
    const { message } = build(
      [
        "#6 [packages 1/5] FROM x",
        "#7 [packages 5/5] RUN pip",
        "#7 sha256:abc",
        ...lines,
        "#6 other",
        "#7 ERROR: exit code: 1",
      ].join("\n"),
    );
    assert.deepEqual(message.split("\n").slice(0, 2), [
      "The build failed in the step [packages 5/5] RUN pip; all it said is in /l/build.log:",
      "line 19",
    ]);
    assert.deepEqual(message.split("\n").slice(-2), ["line 29", "ERROR: exit code: 1"]);
  });

  const ofPush: [code: string, said: string][] = [
    ["no-image", "An image does not exist locally with the tag: registry.example/tollgate"],
    ["registry-rights", "denied: requested access to the resource is denied"],
    ["registry-rights", "unauthorized: authentication required"],
    ["registry-rights", "no basic auth credentials"],
    [
      "tag-immutable",
      "tag invalid: The image tag '1' already exists in the 'tollgate' repository and cannot be overwritten because the tag is immutable.",
    ],
    [
      "registry-away",
      'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
    ],
    [
      "registry-away",
      'Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client',
    ],
    [
      "docker-away",
      "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    ],
    ["image-push", "received unexpected HTTP status: 500 Internal Server Error"],
  ];
  for (const [code, said] of ofPush) {
    it(`${code}, of a push: ${said.slice(0, 70)}`, () => {
      const failure = pushFailure("registry.example/tollgate:1", { said, daemon });
      assert.equal(failure.code, code);
      assert.doesNotMatch(failure.message, /undefined|null/);
    });
  }
});
