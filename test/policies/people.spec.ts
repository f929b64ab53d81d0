import assert from "node:assert/strict";
import { nameOf, peopleIn, personOf } from "../../policies/people";
import { signersOf, testKey } from "../support/signing";

const [one, two, three] = ["one", "two", "three"].map(testKey) as [Key, Key, Key];
type Key = ReturnType<typeof testKey>;

describe("nameOf", () => {
  it("is the address in lower case, or the whole name", () => {
    assert.equal(nameOf("Ann Example <ANN@Example.com> "), "ann@example.com");
    assert.equal(nameOf(" Ann@Example.com"), "ann@example.com");
    assert.equal(nameOf("Ann"), "ann");
  });
});

describe("peopleIn", () => {
  it("knows one person by all names of a key, on any line and in any case", () => {
    const people = peopleIn(
      signersOf({ key: one, principals: ["ann", "Ann@Example.com"] }, { key: one, principals: ["a"] }), // prettier-ignore
    );
    assert.equal(people.person("ANN"), people.person("ann@example.com"));
    assert.equal(people.person("a"), people.person("ann"));
  });

  it("joins keys through a chain of common names, whichever line comes first", () => {
    const lines = [
      { key: one, principals: ["a", "b"] },
      { key: two, principals: ["c", "d"] },
      { key: three, principals: ["d", "b"] },
    ];
    for (const order of [lines, [...lines].reverse()]) {
      const people = peopleIn(signersOf(...order));
      assert.deepEqual(new Set(["a", "b", "c", "d"].map(people.person)).size, 1);
    }
  });

  it("keeps different people apart", () => {
    const people = peopleIn(signersOf(one, two));
    assert.notEqual(people.person("one"), people.person("two"));
  });

  it("knows nobody else", () => {
    assert.equal(peopleIn(signersOf(one)).person("two"), null);
    assert.equal(peopleIn("").person("one"), null);
  });

  it("refuses a file that can't be read", () => {
    assert.throws(() => peopleIn("ann"), /line 1 has no key/);
  });
});

describe("personOf", () => {
  const people = peopleIn(
    signersOf({ key: one, principals: ["ann", "ann@example.com"] }, { key: two, principals: ["Ann@example.com"] }, three), // prettier-ignore
  );

  it("is one person for two keys with a common name, whichever name is asked by", () => {
    const person = people.person("ann");
    for (const principals of [["ann"], ["ann@example.com"], ["Ann@example.com", "unlisted"]]) {
      assert.equal(personOf(people, { keyId: one.keyId, principals }), person);
    }
  });

  it("is another one for a key with no common name", () => {
    const other = personOf(people, { keyId: three.keyId, principals: ["three"] });
    assert.notEqual(other, people.person("ann"));
  });
});
