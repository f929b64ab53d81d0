/**
 * The language host that lets the Pulumi engine run Node programs, policy packs and providers, for machines that
 * can't get the official one. The engine starts it with its own address as the last argument and reads the port of
 * this server from the first line of output.
 */
import * as grpc from "@grpc/grpc-js";
import {
  LanguageRuntimeService,
  type ILanguageRuntimeServer,
} from "@pulumi/pulumi/proto/language_grpc_pb";
import { AboutResponse } from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { endWithEngine } from "./children";
import { installDependencies, programDependencies } from "./packages";
import { runPlugin } from "./plugins";
import { cancelPrograms, runProgram } from "./programs";

/** The engine's own limit for a message. */
const LARGEST_MESSAGE = 400 * 1024 * 1024;

const service = LanguageRuntimeService as unknown as grpc.ServiceDefinition;
const engine = process.argv.slice(2).findLast((argument) => !argument.startsWith("-")) ?? "";

/** Answers a call with what `work` gives, or with its error as one sentence. */
function unary<Request, Response>(
  work: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, done) => {
    Promise.resolve(call.request)
      .then(work)
      .then(
        (response) => done(null, response),
        (error: Error) => done({ code: grpc.status.UNKNOWN, details: error.message }),
      );
  };
}

function streaming<Request, Response>(
  work: grpc.handleServerStreamingCall<Request, Response>,
): grpc.handleServerStreamingCall<Request, Response> {
  return (call) => {
    try {
      work(call);
    } catch (error) {
      call.emit("error", { code: grpc.status.UNKNOWN, details: (error as Error).message });
    }
  };
}

/** The answer without any content. Made from the service's own definition, which knows its protobuf runtime. */
function emptyAnswer<Response>(method: keyof ILanguageRuntimeServer): Response {
  const { responseType } = service[method] as unknown as { responseType: new () => Response };
  return new responseType();
}

function notSupported(method: string): grpc.UntypedHandleCall {
  const details = `${method} is not part of this language host: install the official Pulumi CLI for it.`;
  const error = { code: grpc.status.UNIMPLEMENTED, details };
  return service[method]?.responseStream
    ? (call: grpc.ServerWritableStream<unknown, unknown>) => void call.emit("error", error)
    : (_call: unknown, done: grpc.sendUnaryData<unknown>) => done(error);
}

const supported: Partial<ILanguageRuntimeServer> = {
  handshake: unary(() => emptyAnswer("handshake")),
  getPluginInfo: unary(() => {
    const info = new PluginInfo();
    info.setVersion("1.0.0");
    return info;
  }),
  about: unary(() => {
    const about = new AboutResponse();
    about.setExecutable(process.execPath);
    about.setVersion(process.version);
    return about;
  }),
  // Nothing to download ahead: the engine asks for a provider when the first resource needs it.
  getRequiredPackages: unary(() => emptyAnswer("getRequiredPackages")),
  getRequiredPlugins: unary(() => emptyAnswer("getRequiredPlugins")),
  runtimeOptionsPrompts: unary(() => emptyAnswer("runtimeOptionsPrompts")),
  template: unary(() => emptyAnswer("template")),
  getProgramDependencies: unary(programDependencies),
  installDependencies: streaming(installDependencies),
  run: unary((request) => runProgram(request, engine)),
  runPlugin: streaming(runPlugin),
  cancel: unary(() => {
    cancelPrograms();
    return emptyAnswer("cancel");
  }),
};

const handlers: grpc.UntypedServiceImplementation = {
  ...Object.fromEntries(Object.keys(service).map((method) => [method, notSupported(method)])),
  ...(supported as grpc.UntypedServiceImplementation),
};

const server = new grpc.Server({
  "grpc.max_receive_message_length": LARGEST_MESSAGE,
  "grpc.max_send_message_length": LARGEST_MESSAGE,
});
server.addService(service, handlers);
endWithEngine();
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    process.stderr.write(`The language host can't listen on 127.0.0.1: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`${port}\n`);
});
