import { CancelTask, message, SongReady, TaskCompleted } from '@castad/contracts';
import { newId } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { FORCE_HEADER, headersOf, isForced, readEnvelope, readMessage, UnreadableRecord } from './envelope.ts';

const taskId = newId();
const sent = message(CancelTask, { taskId, revision: 3 });
const value = Buffer.from(JSON.stringify(sent));
const headers = () => headersOf(sent, 'gateway');
const refused = (code: string) => expect.objectContaining({ code, retriable: false, name: 'UnreadableRecord' });
const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the headers of a message', () => {
  it('are CloudEvents 1.0 in Kafka binary mode', () => {
    expect(headers()).toEqual({
      ce_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      ce_type: 'CancelTask.v1',
      ce_source: '/castad/gateway',
      ce_specversion: '1.0',
      ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ce_subject: taskId,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      'content-type': 'application/json',
    });
  });

  it('name the cause and continue its trace', () => {
    const cause = { messageId: newId(), traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    expect(headersOf(sent, 'gateway', cause)).toMatchObject({
      ce_causationid: cause.messageId,
      traceparent: cause.traceparent,
    });
  });
});

describe('reading a record', () => {
  it('gives back what was sent', () => {
    const sentHeaders = headers();
    const envelope = readEnvelope({ headers: sentHeaders });
    expect(envelope).toEqual({
      id: sentHeaders.ce_id,
      type: 'CancelTask.v1',
      taskId,
      time: new Date(sentHeaders.ce_time as string),
      traceparent: sentHeaders.traceparent,
    });
    const received = readMessage(envelope, { value });
    expect(received).toBeInstanceOf(CancelTask);
    expect(received).toEqual(sent);
  });

  it('takes the first of headers that came twice', () => {
    const [first, second] = [headers(), headers()];
    const ids = [first.ce_id, second.ce_id].map(id => Buffer.from(id as string));
    expect(readEnvelope({ headers: { ...first, ce_id: ids } }).id).toBe(first.ce_id);
  });

  it('begins a trace where there is none', () => {
    expect(readEnvelope({ headers: { ...headers(), traceparent: undefined } }).traceparent).toMatch(/^00-/);
  });

  it.each([
    ['no headers', undefined],
    ['no id', { ...headers(), ce_id: undefined }],
    ['an id that is not one', { ...headers(), ce_id: 'one' }],
    ['no type', { ...headers(), ce_type: '' }],
    ['no subject', { ...headers(), ce_subject: '' }],
    ['no time', { ...headers(), ce_time: undefined }],
    ['a time that is not one', { ...headers(), ce_time: 'noon' }],
  ])('refuses %s', (_, given) => {
    expect(thrownBy(() => readEnvelope({ headers: given }))).toEqual(refused('UNREADABLE'));
  });

  it.each([
    ['an unknown type', 'TaskSold.v1', value, 'UNKNOWN_TYPE'],
    ['no value', CancelTask.type, null, 'UNREADABLE'],
    ['an empty value', CancelTask.type, Buffer.alloc(0), 'UNREADABLE'],
    ['broken JSON', CancelTask.type, value.subarray(0, 10), 'UNREADABLE'],
    ['bytes', CancelTask.type, Buffer.from([0xff, 0xfe, 0]), 'UNREADABLE'],
    ['an array', CancelTask.type, Buffer.from('[]'), 'INVALID'],
    ['the shape of another type', SongReady.type, value, 'INVALID'],
    ['a wrong property', TaskCompleted.type, value, 'INVALID'],
  ])('refuses %s', (_, type, given, code) => {
    const envelope = { ...readEnvelope({ headers: headers() }), type };
    const error = thrownBy(() => readMessage(envelope, { value: given }));
    expect(error).toBeInstanceOf(UnreadableRecord);
    expect(error).toEqual(refused(code));
  });

  it('knows what is to be handled again from its header alone', () => {
    expect(isForced({ headers: headers() })).toBe(false);
    expect(isForced({ headers: { ...headers(), [FORCE_HEADER]: Buffer.from('true') } })).toBe(true);
    expect(isForced({ headers: { [FORCE_HEADER]: 'false' } })).toBe(false);
  });
});
