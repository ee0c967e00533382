import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/** What the correction knows of a connection's queue. */
interface Queue {
  pending: unknown[];
  scheduleCheckPendingRequests: (this: Queue) => void;
}

/**
 * kafkajs 2.2.4 looks once a millisecond, and for ever, whether requests of a connection wait, with a timer that it
 * gives a negative delay. Only one that waits has to be looked for again (https://github.com/tulios/kafkajs/issues/1704).
 */
const queue = (RequestQueue as { prototype: Queue }).prototype;
const schedule = queue.scheduleCheckPendingRequests;
queue.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) schedule.call(this);
};
