import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import swc from './swc.config.js';

// cli/watch.ts starts `nest build --watch` with a channel: it is told the result of each build, and we end with it.
if (process.send) process.once('disconnect', () => process.exit());

const report = app => ({
  apply({ hooks }) {
    hooks.done.tap('report', stats => {
      process.send({ app, errors: stats.hasErrors() ? stats.toString({ all: false, errors: true }) : undefined });
    });
  },
});

/**
 * Bundles our own code and leaves packages to node_modules. Beside the service an app has an entry for each job of
 * its own: the migrations that its deployment runs first, and what rebuilds its projection.
 */
export default options => {
  const jobs = ['migrate', 'rebuild', 'describe']
    .map(name => [name, join(dirname(options.entry), `${name}.ts`)])
    .filter(([, file]) => existsSync(file));
  return {
    ...options,
    entry: { main: options.entry, ...Object.fromEntries(jobs) },
    devtool: 'source-map',
    output: {
      ...options.output,
      filename: join(dirname(options.output.filename), '[name].js'),
      devtoolModuleFilenameTemplate: info => `../../../${info.resourcePath.replace(/^\.\//, '')}`,
    },
    externals: [({ request }, done) => (/^(\.|\/|@castad\/)/.test(request) ? done() : done(null, `module ${request}`))],
    // A failed build leaves the last good one in place.
    optimization: { ...options.optimization, emitOnErrors: false },
    plugins: [...options.plugins, ...(process.send ? [report(dirname(options.output.filename))] : [])],
    module: {
      rules: [
        {
          test: /\.ts$/,
          type: 'javascript/esm',
          use: [{ loader: 'builtin:swc-loader', options: { ...swc, sourceMaps: true } }],
        },
      ],
    },
    resolve: { extensions: ['.ts', '.js'] },
  };
};
