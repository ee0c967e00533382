import { replayTopic } from '@castad/contracts';
import { replay as replayRecords, tellProgress } from '@castad/messaging';
import { parse, serviceNamed, taskNamed, timeNamed, topicNamed, typesNamed } from './arguments.ts';
import { broker } from './broker.ts';
import { counted } from './counted.ts';
import { WrongUse } from './wrong-use.ts';

const USAGE =
  'replay --to <service> --from-topic <topic> [--from-topic <topic> ...] [--since <time>] [--until <time>] ' +
  '[--task <id>] [--type <message> ...] [--dry-run] [--force]';

/** Makes a service handle old messages again. */
export async function replay(args: string[]): Promise<void> {
  const { values } = parse(args, USAGE, {
    to: { type: 'string' },
    'from-topic': { type: 'string', multiple: true },
    since: { type: 'string' },
    until: { type: 'string' },
    task: { type: 'string' },
    type: { type: 'string', multiple: true },
    'dry-run': { type: 'boolean' },
    force: { type: 'boolean' },
  });
  const to = serviceNamed(values.to, USAGE);
  const from = [...new Set(values['from-topic']?.map(topicNamed))];
  if (from.length === 0) throw new WrongUse('Which topic is to be read?', USAGE);
  const order = {
    to,
    from,
    since: timeNamed(values.since),
    until: timeNamed(values.until),
    taskId: taskNamed(values.task),
    types: values.type?.flatMap(typesNamed),
    force: values.force,
    dryRun: values['dry-run'],
  };
  const kafka = await broker(...from, replayTopic(to));
  const copied = await replayRecords(kafka, { ...order, onProgress: tellProgress('replay') });
  console.log(
    order.dryRun
      ? `${counted(copied, 'record')} would be copied to ${replayTopic(to)}`
      : `${counted(copied, 'record')} copied to ${replayTopic(to)}`,
  );
}
