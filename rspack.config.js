import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import swc from './swc.config.js';

/**
 * Bundles our own code and leaves packages to node_modules. An app has two entries: the service, and the
 * migrations that its deployment runs first.
 */
export default options => {
  const migrate = join(dirname(options.entry), 'migrate.ts');
  return {
    ...options,
    entry: { main: options.entry, ...(existsSync(migrate) && { migrate }) },
    devtool: 'source-map',
    output: {
      ...options.output,
      filename: join(dirname(options.output.filename), '[name].js'),
      devtoolModuleFilenameTemplate: info => `../../../${info.resourcePath.replace(/^\.\//, '')}`,
    },
    externals: [({ request }, done) => (/^(\.|\/|@castad\/)/.test(request) ? done() : done(null, `module ${request}`))],
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
