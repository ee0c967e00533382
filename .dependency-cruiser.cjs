const libs = ['libs/contracts', 'libs/messaging', 'libs/platform', 'libs/worker'];
const kafkajs = 'libs/kafkajs';

/** Which other rooms a room may import. `libs/testing` is for tests alone: see the rule of that name. */
const mayImport = {
  'libs/contracts': [],
  [kafkajs]: [],
  'libs/platform': ['libs/testing'],
  'libs/messaging': ['libs/contracts', kafkajs, 'libs/platform', 'libs/testing'],
  'libs/worker': ['libs/contracts', 'libs/messaging', 'libs/platform', 'libs/testing'],
  'libs/testing': [...libs, kafkajs, 'sandbox'],
  'apps/[^/]+': [...libs, 'libs/testing'],
  // A stand-in that shared code with our client would share its mistakes.
  sandbox: [kafkajs],
  cli: ['libs/contracts', kafkajs, 'libs/messaging', 'libs/platform', 'clients', 'sandbox'],
  bench: [kafkajs, 'libs/platform', 'cli', 'sandbox'],
  chaos: [kafkajs, 'cli', 'sandbox'],
  'clients/[^/]+/src': [],
  'clients/[^/]+/test': ['clients', 'test'],
  test: [...libs, kafkajs, 'libs/testing', 'sandbox'],
};

const ANY_ROOM = '^(apps|libs|clients|sandbox|cli|bench|chaos|test)/';
const TESTS = ['\\.(spec|e2e-spec)\\.ts$', '^(apps|libs)/[^/]+/test/', '^(bench|chaos|test|libs/testing)/'];
const PROVIDERS = 'azure|creatomate|openai|storage|suno';

const within = room => `^${room}/`;
const packages = names => `node_modules/(${names})/`;

const rooms = Object.entries(mayImport).map(([room, others]) => ({
  name: `${room.replace('[^/]+', '*')} imports its own rooms`,
  comment: `It may import ${others.join(', ') || 'no other room'}.`,
  severity: 'error',
  from: { path: `^(${room})/` },
  to: { path: ANY_ROOM, pathNot: [within('$1'), ...others.map(within)] },
}));

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: 'libs are entered through index.ts',
      comment: 'A benchmark of one file runs it without a build, which index.ts needs.',
      severity: 'error',
      from: { pathNot: ['^libs/', '^bench/'] },
      to: { path: '^libs/', pathNot: '^libs/[^/]+/src/index\\.ts$' },
    },
    {
      name: 'libs enter each other through index.ts',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'libs/testing is for tests',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'contracts are shapes and nothing else',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: TESTS },
      to: { pathNot: ['^libs/contracts/', packages('ajv|class-transformer|class-validator')] },
    },
    {
      name: "operators' tools read the log and know nothing of the run-time",
      comment: 'They share the envelope with it, whose headers they read and write.',
      severity: 'error',
      from: { path: '^libs/messaging/src/operations/', pathNot: TESTS },
      to: { path: '^libs/messaging/', pathNot: '^libs/messaging/src/(operations/|envelope\\.ts$)' },
    },
    {
      name: "the run-time does without operators' tools",
      comment: 'But for a halted consumer, which looks in the log for the word to go on.',
      severity: 'error',
      from: {
        path: '^libs/messaging/src/',
        pathNot: ['^libs/messaging/src/(operations/|index\\.ts$|consumer/resumption\\.ts$)', ...TESTS],
      },
      to: { path: '^libs/messaging/src/operations/' },
    },
    {
      name: 'kafkajs is used as corrected',
      comment: 'libs/kafkajs mends it.',
      severity: 'error',
      from: { pathNot: '^libs/kafkajs/' },
      to: { path: packages('kafkajs') },
    },
    {
      name: 'a provider is known to its folder alone, which knows nothing of us',
      comment: 'It may import the platform and its configuration; no entities, contracts or messaging.',
      severity: 'error',
      from: { path: `^apps/([^/]+)/src/(${PROVIDERS})/` },
      to: {
        path: '^(apps|libs)/',
        pathNot: ['^apps/$1/src/$2/', '^apps/$1/src/[^/]+\\.config\\.ts$', '^libs/(platform|testing)/'],
      },
    },
    {
      name: "a provider's SDK stays in its folder",
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `^apps/[^/]+/src/(${PROVIDERS})/` },
      to: { path: packages('openai|@azure/[^/]+') },
    },
    {
      name: 'no cycles',
      comment: 'Types may refer to each other: nothing of them is left when modules are loaded.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'imports exist', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'packages are declared where they are used',
      comment: 'Hoisting hides what is missing, until an image holds one service alone.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|out|\\.sandbox)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
