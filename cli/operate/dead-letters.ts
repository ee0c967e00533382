import { deadLetterTopic, replayTopic } from '@castad/contracts';
import { DeadLetterLog, tellProgress, type DeadLetter } from '@castad/messaging';
import { parse, serviceNamed, taskNamed } from './arguments.ts';
import { broker } from './broker.ts';
import { counted } from './counted.ts';
import { WrongUse } from './wrong-use.ts';

const USAGE =
  'dead-letters list|show|redrive|discard|resume --of <service> [<id> ...] [--all] [--reason <code>] [--task <id>] [--dry-run]';

interface Chosen {
  log: DeadLetterLog;
  letters: DeadLetter[];
  dryRun: boolean;
}

const actions: Record<string, (chosen: Chosen) => Promise<void>> = {
  list: async ({ letters }) => {
    for (const letter of letters) console.log(lineOf(letter));
    console.error(counted(letters.length, 'dead letter'));
  },
  show: async ({ log, letters }) => {
    for (const letter of letters) {
      console.log(lineOf(letter));
      const record = await log.record(letter);
      for (const [name, value] of Object.entries(record?.headers ?? {})) console.log(`  ${name}: ${String(value)}`);
      console.log(`  ${record?.value?.toString() ?? '(no value)'}`);
    }
  },
  redrive: async ({ log, letters, dryRun }) => {
    if (!dryRun && letters.length > 0) await log.redrive(letters, tellProgress('redrive'));
    console.log(`${counted(letters.length, 'dead letter')} ${dryRun ? 'would be ' : ''}redriven`);
  },
  discard: async ({ log, letters, dryRun }) => {
    if (!dryRun && letters.length > 0) await log.discard(letters);
    console.log(`${counted(letters.length, 'dead letter')} ${dryRun ? 'would be ' : ''}discarded`);
  },
  resume: async ({ log, dryRun }) => {
    if (!dryRun) await log.resumeConsumers();
    console.log(`halted consumers ${dryRun ? 'would ' : ''}go on`);
  },
};

/** Lists and shows the dead letters of a service, and redrives or discards them. */
export async function deadLetters(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, USAGE, {
    of: { type: 'string' },
    all: { type: 'boolean' },
    reason: { type: 'string' },
    task: { type: 'string' },
    'dry-run': { type: 'boolean' },
  });
  const [name = '', ...ids] = positionals;
  const action = actions[name];
  if (!action) throw new WrongUse(`There is no "dead-letters ${name}".`, USAGE);
  const service = serviceNamed(values.of, USAGE);
  const taskId = taskNamed(values.task);
  const isNarrowed = ids.length > 0 || values.all || values.reason !== undefined || taskId !== undefined;
  // A change needs an explicit selection.
  if (name !== 'list' && name !== 'resume' && !isNarrowed)
    throw new WrongUse('Which dead letters: name them, or say --all.', USAGE);
  const kafka = await broker(deadLetterTopic(service), replayTopic(service));
  const log = new DeadLetterLog(kafka, service);
  const open = await log.open();
  const unknown = ids.filter(id => !open.some(letter => letter.id === id));
  if (unknown.length > 0)
    throw new WrongUse(
      `No open dead letter of ${service}: ${unknown.join(', ')}.`,
      `dead-letters list --of ${service}`,
    );
  const letters = open
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter(({ reason }) => values.reason === undefined || reason === values.reason)
    .filter(letter => taskId === undefined || letter.taskId === taskId);
  await action({ log, letters, dryRun: values['dry-run'] ?? false });
}

const lineOf = ({ id, at, type, taskId, reason, error, of }: DeadLetter): string =>
  [
    id,
    age(at),
    type || '(no type)',
    taskId || '(no task)',
    reason,
    of,
    error.replaceAll(/\s+/g, ' ').slice(0, 200),
  ].join('  ');

function age(at: Date): string {
  const minutes = Math.floor((Date.now() - at.getTime()) / 60_000);
  if (minutes < 120) return `${minutes}m`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / (24 * 60))}d`;
}
