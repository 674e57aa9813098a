import { builtinModules } from 'node:module'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const withoutProtocol = builtinModules
  .filter(name => !name.startsWith('node:') && !name.startsWith('_'))
  .map(name => ({ name, message: `Write 'node:${name}'.` }))

const defaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'No default exports: a name that is exported is the name that is imported.'
}

const ownMembers = ['classProperty', 'classMethod', 'classicAccessor']

const restrictedSyntax = [
  {
    selector: 'ExportAllDeclaration:not([exported])',
    message: 'Exports are listed one by one.'
  },
  {
    selector: ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"])[accessibility="private"]',
    message: 'Use #private.'
  },
  {
    selector: 'MemberExpression[object.name=/^(describe|context|it|specify)$/][property.name=/^(only|skip)$/]',
    message: 'Every test runs. One that needs a service skips itself with a printed reason.'
  }
]

export default defineConfig(
  globalIgnores(['dist/', 'docs/', 'coverage/', '.cache/', 'test/package/consumer/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': ['error', { fixMixedExportsWithInlineTypeSpecifier: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/return-await': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A storage or a Sender answers with a promise whether or not it has something to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/naming-convention': [
        'error',
        // `_write` and its like are Node's names, so they are always overrides.
        { selector: ownMembers, modifiers: ['override'], format: null },
        { selector: ownMembers, format: null, leadingUnderscore: 'forbid' },
        { selector: 'typeLike', format: ['PascalCase'], custom: { regex: '^I[A-Z][a-z]', match: false } }
      ],
      'func-style': ['error', 'declaration', { allowArrowFunctions: true }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: withoutProtocol,
          patterns: [{ group: ['**/utils', '**/utils.*', '**/helpers.*'], message: 'Name it.' }]
        }
      ],
      'no-restricted-syntax': ['error', defaultExport, ...restrictedSyntax]
    }
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // chai's `expect(x).to.be.true`, what JSON.parse gives, errors of every shape.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off'
    }
  },
  {
    files: ['examples/**/*.ts', 'test/**/*.ts'],
    rules: {
      // `createServer(async (request, response) => …)`, and endpoints that are taken apart.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/unbound-method': 'off'
    }
  },
  {
    files: ['lib/cli/**/*.ts', 'examples/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-console': 'off' }
  },
  {
    // mocha loads a reporter by its default export.
    files: ['test/package/summary-reporter.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restrictedSyntax] }
  }
)
