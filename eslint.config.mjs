import tseslint from "typescript-eslint";

/** What the language cannot say. Formatting is Prettier's. */
export default tseslint.config(
  { ignores: ["node_modules/", ".tollgate/", ".demo/", "**/*.cjs", "**/*.mjs"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      // A program ends with one `export =`: the function the engine runs.
      "@typescript-eslint/no-require-imports": "off",
      // An object of one's own in its place is no environment: homedir() and children go on with the old one.
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "AssignmentExpression[left.object.name='process']:matches([left.property.name='env'], [left.property.value='env'])",
          message: "Set and delete variables of process.env one by one.",
        },
      ],
    },
  },
  {
    // One reader of the environment, so that a setting can't be missed in a review.
    files: [
      "admission/**",
      "backings/**",
      "components/**",
      "pack/**",
      "policies/**",
      "registry/**",
      "strict/**",
      "index.ts",
    ],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Read the environment in config/load.ts." },
      ],
    },
  },
);
