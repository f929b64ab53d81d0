import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBase64, openEnvelope, preAuthenticationEncoding } from "../../trust/dsse";
import { signedPayload, testKey } from "../support/signing";

const envelope = {
  payloadType: "application/vnd.in-toto+json",
  payload: "e30=",
  signatures: [{ keyid: "SHA256:abc", sig: "c2ln" }],
};
const [signature] = envelope.signatures;

describe("preAuthenticationEncoding", () => {
  it("encodes the example of the DSSE protocol as the protocol does", () => {
    const encoded = preAuthenticationEncoding(
      "http://example.com/HelloWorld",
      Buffer.from("hello world"),
    );
    assert.equal(encoded.toString(), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  it("counts bytes, not characters", () => {
    assert.equal(preAuthenticationEncoding("é", Buffer.from("ü")).toString(), "DSSEv1 2 é 2 ü");
  });
});

describe("openEnvelope", () => {
  it("decodes payload and signature", () => {
    assert.deepEqual(openEnvelope(JSON.stringify(envelope)), {
      payload: Buffer.from("{}"),
      keyId: "SHA256:abc",
      signature: Buffer.from("sig"),
    });
  });

  for (const [what, text, told] of [
    ["no JSON", "approved by me", /^it is not JSON/],
    ["a list", "[]", /^it isn't a DSSE envelope, see its form$/],
    ["no payload", JSON.stringify({ ...envelope, payload: undefined }), /see payload$/],
    [
      "another payload type",
      JSON.stringify({ ...envelope, payloadType: "text/plain" }),
      /see payloadType$/,
    ],
    ["a field too many", JSON.stringify({ ...envelope, note: "hi" }), /see note$/],
    ["no signature", JSON.stringify({ ...envelope, signatures: [] }), /see signatures$/],
    [
      "two signatures",
      JSON.stringify({ ...envelope, signatures: [signature, signature] }),
      /see signatures$/,
    ],
    [
      "a signature with a certificate",
      JSON.stringify({ ...envelope, signatures: [{ ...signature, cert: "x" }] }),
      /see signatures\.0\.cert$/,
    ],
    [
      "a key twice",
      JSON.stringify(envelope).replace("{", '{"payload":"bnVsbA==",'),
      /^it has the field "payload" twice$/,
    ],
    ["base64 without padding", JSON.stringify({ ...envelope, payload: "e30" }), /isn't base64$/],
    ["base64 of the web", JSON.stringify({ ...envelope, payload: "-_-_" }), /isn't base64$/],
    ["base64 with a stray bit", JSON.stringify({ ...envelope, payload: "e31=" }), /isn't base64$/],
    [
      "more than 1 MB",
      JSON.stringify({ ...envelope, payload: "A".repeat(1024 * 1024) }),
      /than the 1048576 bytes that are allowed$/,
    ],
  ] as const) {
    it(`refuses an envelope with ${what}`, () => {
      const opened = openEnvelope(text);
      assert.ok("unreadable" in opened);
      assert.match(opened.unreadable, told);
    });
  }

  it("gives back any payload that was signed", () => {
    const key = testKey("ada@example.com");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const opened = openEnvelope(signedPayload(key, Buffer.from(bytes)));
        assert.ok(!("unreadable" in opened));
        assert.deepEqual([...opened.payload], [...bytes]);
        assert.equal(opened.keyId, key.keyId);
      }),
    );
  });
});

describe("decodeBase64", () => {
  it("reads what it was made from, and only in that form", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
        const encoded = Buffer.from(bytes).toString("base64");
        assert.deepEqual(decodeBase64(encoded), Buffer.from(bytes));
        const decoded = decodeBase64(text);
        assert.ok(decoded === null || decoded.toString("base64") === text);
      }),
    );
  });
});
