import type { Seen } from '../../sandbox/records.ts';
import type { Evidence } from '../evidence.ts';
import { isPlanted } from '../scene.ts';
import { announced, handledBy, idOf, isDeadLetter, nameOf, revisionOf, subjectOf } from './records.ts';
import { doubled, lost, untidy, type Violation } from './violation.ts';

/** Each message a service is there for was handled, or lies among its dead letters with a reason. */
export function nothingVanished({ records, inbox }: Evidence): Violation[] {
  const place = (topic: string, partition: unknown, offset: unknown) =>
    `${topic} ${String(partition)} ${String(offset)}`;
  const letters = records.filter(isDeadLetter);
  const deadLettered = new Set(
    letters.map(({ topic, headers: { dl_topic, dl_partition, dl_offset } }) =>
      [topic, place(String(dl_topic), dl_partition, dl_offset)].join(' '),
    ),
  );
  return Object.entries(handledBy).flatMap(([service, names]) =>
    records
      .filter(record => names.includes(nameOf(record)) && /\.(events|commands|callbacks)$/.test(record.topic))
      .filter(record => !inbox.get(service)?.has(idOf(record)))
      .filter(
        ({ topic, partition, offset }) =>
          !deadLettered.has(`castad.${service}.dead-letters ${place(topic, partition, offset)}`),
      )
      .map(record => lost(record.key, `${service} never handled ${record.type} ${idOf(record)}`)),
  );
}

/** What no fault of the row explains is not dead-lettered. */
export function deadLetters({ records }: Evidence): Violation[] {
  return records
    .filter(record => isDeadLetter(record) && !isPlanted(record))
    .map(({ key, topic, type, headers: { dl_reason, dl_error } }) =>
      untidy(key, `${type} lies in ${topic}: ${String(dl_reason)}, ${String(dl_error)}`),
    );
}

/** No effect without the inbox row of its cause. */
export function causes({ jobs, history, inbox }: Evidence): Violation[] {
  const known = (service: string, id: string) => inbox.get(service)?.has(id);
  return [
    ...jobs
      // An order and an uploaded photo come from a request, not from a message.
      .filter(({ table, ref }) => table !== 'task_order' && !ref.startsWith('image'))
      .filter(({ service, causeId }) => !known(service, causeId))
      .map(({ taskId, table, causeId }) =>
        untidy(taskId, `its ${table} comes from message ${causeId}, which is not in the inbox`),
      ),
    ...history
      .filter(({ eventId }) => !known('gateway', eventId))
      .map(({ taskId, eventId }) => untidy(taskId, `the gateway knows of event ${eventId}, which is not in its inbox`)),
  ];
}

const outcomes: Record<string, [done: string, failed: string]> = {
  lyric: ['LyricGenerated', 'LyricFailed'],
  song: ['SongReady', 'SongFailed'],
  video: ['RenderSucceeded', 'RenderFailed'],
  asset: ['AssetStored', 'AssetFailed'],
};

/** A row and the event that tells of it come together, and the event comes once. */
export function outcomesTold({ jobs, records }: Evidence): Violation[] {
  const told = Map.groupBy(
    announced(records).filter(record => Object.values(outcomes).flat().includes(nameOf(record))),
    record => `${tableOf(record)} ${record.key} ${revisionOf(record)}`,
  );
  return jobs
    .filter(({ table }) => table in outcomes)
    .flatMap(({ table, taskId, revision, ref, status }) => {
      const [done, failed] = outcomes[table] as [string, string];
      const names = (told.get(`${table} ${taskId} ${revision}`) ?? [])
        .filter(record => table !== 'asset' || subjectOf(record) === ref)
        .map(nameOf);
      const expected = { done: [done], failed: [failed] }[status] ?? [];
      const row = `its ${table} ${revision}${ref && ` (${ref})`} is ${status}`;
      if (names.length > 1)
        return [doubled(taskId, `${row} and was announced ${names.length} times: ${names.join(', ')}`)];
      if (names[0] === expected[0]) return [];
      return [lost(taskId, `${row}, but what was announced is ${names[0] ?? 'nothing'}`)];
    });
}

const tableOf = (record: Seen) =>
  Object.keys(outcomes).find(table => outcomes[table]?.includes(nameOf(record))) as string;

/** Within one order: the note before the submit, then the submit, then what came of it. */
const ranks: Record<string, number> = {
  SongSubmitBegun: 0,
  RenderSubmitBegun: 0,
  SongSubmitted: 1,
  RenderSubmitted: 1,
};
const outcomeRank = 2;

/** Per key and topic, messages come in the order of what they tell of. */
export function orderPerKey({ records }: Evidence): Violation[] {
  const sequences = Map.groupBy(
    announced(records).filter(record => nameOf(record) !== 'MessageRejected' && !subjectOf(record).startsWith('image')),
    ({ topic, key }) => `${topic} ${key}`,
  );
  return [...sequences.values()].flatMap(sequence =>
    sequence.flatMap((record, i) => {
      const before = sequence[i - 1];
      if (!before || isInOrder(before, record)) return [];
      return [
        untidy(
          record.key,
          `in ${record.topic}, ${record.type} of order ${revisionOf(record)} comes after ${before.type} of order ${revisionOf(before)}`,
        ),
      ];
    }),
  );
}

function isInOrder(before: Seen, after: Seen): boolean {
  if (revisionOf(before) !== revisionOf(after)) return revisionOf(before) < revisionOf(after);
  const rank = (record: Seen) => ranks[nameOf(record)] ?? outcomeRank;
  // A submit that was refused is noted again for its next attempt.
  return rank(before) <= rank(after) || Number(after.data.attempt) > Number(before.data.attempt ?? Infinity);
}
