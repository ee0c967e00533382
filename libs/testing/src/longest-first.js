import Sequencer from '@jest/test-sequencer';
import { relative } from 'node:path';

/** What starts the whole system takes longest: begun last, it would leave the other workers idle. */
const order = [/^(test|chaos|cli)\/.*\.e2e-spec\.ts$/, /\.e2e-spec\.ts$/, /\.spec\.ts$/];

const rank = ({ path, context }) => {
  const file = relative(context.config.rootDir, path);
  return order.findIndex(kind => kind.test(file));
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
