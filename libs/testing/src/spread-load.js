import Sequencer from '@jest/test-sequencer';
import { relative } from 'node:path';

/** What starts the whole system takes longest, and most of the machine. */
const heavy = /^(test|chaos|cli)\/.*\.e2e-spec\.ts$/;
const system = /\.e2e-spec\.ts$/;

/** Two of the heavy suites rarely run at once, and none is begun last, when it would leave the other worker idle. */
export default class SpreadLoad extends Sequencer {
  sort(tests) {
    const kindOf = ({ path, context }) => {
      const file = relative(context.config.rootDir, path);
      return heavy.test(file) ? 'heavy' : system.test(file) ? 'system' : 'unit';
    };
    const { heavy: first = [], system: others = [], unit = [] } = Object.groupBy(super.sort(tests), kindOf);
    const perHeavy = Math.ceil(others.length / (first.length || 1));
    const spread = first.flatMap((test, i) => [test, ...others.slice(i * perHeavy, (i + 1) * perHeavy)]);
    return [...(first.length > 0 ? spread : others), ...unit];
  }
}
