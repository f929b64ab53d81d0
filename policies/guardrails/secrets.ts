/** Names of values that are secret: they end in one of these words. `secretName` and `tokenVariable` say where one is. */
const secretName =
  /(pass(?:word|wd|phrase)|pwd|secret|token|(?:api|access|secret|private|signing|encryption|account)[-_]?key|credentials?|connection[-_]?string)$/i;

/** Texts that are secret whatever they are called; a reference such as `${PASSWORD}` in an address isn't. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/:\/\/[^\s/:@"']*:(?![$<{%*])[^\s/@"']+@/, "an address with a password"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})\b/, "a GitHub token"],
  [/\bglpat-[\w-]{20,}/, "a GitLab token"],
  [/\bxox[abeoprs]-[\w-]{10,}/, "a Slack token"],
  [/\bhf_[A-Za-z]{34}\b/, "a Hugging Face token"],
  [/\bAIza[\w-]{35}(?![\w-])/, "a Google key"],
  [/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/, "a signed token"],
];

/**
 * A line that gives a name a value: `password=…`, `- db.password: …`, `export TOKEN=…`, `--api-key=…`. Every repetition
 * ends at the next one's first character, so that a long text costs no more than its length.
 */
const assignment = /^[ \t]*-{0,2} *(?:export +)?["']?([\w.-]{1,100})["']? *[=:](.*)$/;

/** Filled in where it is used, or where a secret is kept: `${TOKEN}`, `$TOKEN`, `$(TOKEN)`, `{{ token }}`, an ARN. */
const reference =
  /^(\$\{[^}]+\}|\$\([^)]+\)|\$\w+|\{\{[^}]+\}\}|<[^>]+>|arn:aws[a-z-]*:(secretsmanager|ssm):\S+)$/;

/** No secrets, though their names sound so: whether there is one at all. */
const noSecret = /^(|true|false|null|none|\*+)$/i;

/**
 * What kind of secret a value of this name is, such as `a password`; null for none.
 *
 * @param name of the property or the variable, such as `DB_PASSWORD`
 */
export function secretByName(name: string, value: string): string | null {
  const word = secretName.exec(name)?.[1]?.toLowerCase();
  const bare = value.trim().replace(/^(["'])(.*)\1$/s, "$2");
  if (word === undefined || noSecret.test(bare) || reference.test(bare)) return null;
  if (/^pass|^pwd/.test(word)) return "a password";
  if (/key$/.test(word)) return "a key";
  if (/^connection/.test(word)) return "an address with a password";
  return `a ${word.replace(/s$/, "")}`;
}

/** What kind of secret stands in a text: one known by its form, or a line such as `password=…` or `db.password: …`. */
export function secretInText(text: string): string | null {
  const known = secretTexts.find(([form]) => form.test(text));
  if (known) return known[1];
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = assignment.exec(line) ?? [];
    const what = name !== undefined && secretByName(name, value!);
    if (what) return what;
  }
  return null;
}

/** The first secret among a command's words that follows an option for one, as in `--password hunter2`. */
export function secretsInWords(
  words: readonly unknown[],
): { readonly index: number; readonly what: string } | null {
  for (const [index, word] of words.entries()) {
    const [option, value] = [words[index - 1], word];
    if (typeof option !== "string" || typeof value !== "string") continue;
    if (!/^--?[a-z]/i.test(option) || value.startsWith("-")) continue;
    const what = secretByName(option, value);
    if (what) return { index, what };
  }
  return null;
}
