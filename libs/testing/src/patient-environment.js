import { TestEnvironment } from 'jest-environment-node';
import { patience, scaleLimits } from '../../../sandbox/patience.ts';

/** Node's environment, in which every limit grows with the machine's slowness: jest's own and those a suite states. */
export default class PatientEnvironment extends TestEnvironment {
  handleTestEvent({ name }, state) {
    if (name !== 'run_start') return;
    state.testTimeout *= patience();
    scaleLimits(state.rootDescribeBlock);
  }
}
