// How callers get to the scorers, as data. Cannot prove that requests arrive: test/cluster/ does.
import assert from "node:assert/strict";
import fc from "fast-check";
import { generationOf, scorerTemplate } from "../../../runtimes/kubernetes/manifests/scorer";
import {
  routeManifests,
  serviceManifests,
  servingUrl,
} from "../../../runtimes/kubernetes/manifests/traffic";
import { anyClusterSettings } from "../../support/cluster-settings";
import { served, settingsOf } from "./served";

const ingress = { host: "churn.example.com", className: "nginx", tlsSecret: "churn-tls" };
const gateway = { host: "churn.example.com", name: "public", namespace: "gateways" };

describe("serviceManifests", () => {
  it("select the generation to begin with where its Deployment is its own", () => {
    const [service, ...others] = serviceManifests(settingsOf(), served);
    assert.deepEqual(others, []);
    assert.deepEqual(service!["spec"], {
      type: "ClusterIP",
      selector: {
        "app.kubernetes.io/name": "scorer",
        "tollgate.dev/generation": generationOf(settingsOf(), served),
      },
      ports: [{ name: "http", port: 8000, targetPort: 8000, protocol: "TCP" }],
      sessionAffinity: "None",
    });
  });

  it("have a second Service for the new version where Argo moves traffic, and both select all", () => {
    const services = serviceManifests(settingsOf({ rollout: "canary" }), served);
    assert.deepEqual(
      services.map(({ metadata }) => metadata.name),
      ["scorer", "scorer-preview"],
    );
    for (const service of services) {
      const { selector } = service["spec"] as { selector: object };
      assert.deepEqual(selector, { "app.kubernetes.io/name": "scorer" });
    }
  });

  it("open a port of each node when asked to, for callers and not for the preview", () => {
    const open = { type: "NodePort", nodePort: 30080 } as const;
    const [callers, preview] = serviceManifests(
      settingsOf({ rollout: "blueGreen", service: open }),
      served,
    );
    const { type, ports } = callers!["spec"] as { type: string; ports: object[] };
    assert.deepEqual(
      [type, ports],
      [
        "NodePort",
        [{ name: "http", port: 8000, targetPort: 8000, protocol: "TCP", nodePort: 30080 }],
      ],
    );
    assert.equal((preview!["spec"] as { type: string }).type, "ClusterIP");
  });

  it("select the pods of the version, whatever the settings", () => {
    const check = fc.property(anyClusterSettings(), (settings) => {
      const { labels } = scorerTemplate(settings, served).metadata;
      for (const service of serviceManifests(settings, served)) {
        const { selector } = service["spec"] as { selector: Record<string, string> };
        for (const [label, value] of Object.entries(selector)) assert.equal(labels[label], value);
      }
    });
    fc.assert(check, { numRuns: 100 });
  });
});

describe("routeManifests", () => {
  it("are none by default", () => {
    assert.deepEqual(routeManifests(settingsOf()), []);
  });

  it("send a host of an Ingress to the callers' Service", () => {
    const [manifest] = routeManifests(settingsOf({ ingress }));
    assert.equal(manifest!.kind, "Ingress");
    assert.deepEqual(manifest!["spec"], {
      ingressClassName: "nginx",
      tls: [{ hosts: ["churn.example.com"], secretName: "churn-tls" }],
      rules: [
        {
          host: "churn.example.com",
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: "scorer", port: { number: 8000 } } },
              },
            ],
          },
        },
      ],
    });
  });

  it("attach a host to a Gateway", () => {
    const [manifest] = routeManifests(settingsOf({ gateway }));
    assert.equal(manifest!.kind, "HTTPRoute");
    assert.deepEqual(manifest!["spec"], {
      parentRefs: [{ name: "public", namespace: "gateways" }],
      hostnames: ["churn.example.com"],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ name: "scorer", port: 8000 }],
        },
      ],
    });
  });
});

describe("servingUrl", () => {
  for (const [what, change, url] of [
    ["an Ingress with TLS", { ingress }, "https://churn.example.com"],
    [
      "an Ingress without",
      { ingress: { ...ingress, tlsSecret: null } },
      "http://churn.example.com",
    ],
    ["a Gateway", { gateway }, "http://churn.example.com"],
    ["neither", {}, "http://scorer.churn-model-staging.svc:8000"],
    [
      "a port of the nodes, whose addresses aren't known",
      { service: { type: "NodePort", nodePort: 30080 } },
      "http://scorer.churn-model-staging.svc:8000",
    ],
  ] as const) {
    it(`is ${url} with ${what}`, () => assert.equal(servingUrl(settingsOf(change)), url));
  }
});
