import mysql from 'mysql2/promise';
import { eventually } from '../../../sandbox/eventually.ts';
import type { TestBed } from './service-harness.ts';

/** A message that a service has begun to handle and cannot commit. */
export interface HeldBack {
  /** Resolves when the service is in the middle of it. */
  reached(): Promise<void>;
  letGo(): Promise<void>;
}

/** Makes whoever notes this message in the service's inbox wait for us. */
export async function holdBack(bed: TestBed, service: string, messageId: string): Promise<HeldBack> {
  const rival = await mysql.createConnection({ uri: bed.sandbox.databaseUrl(service) });
  await rival.beginTransaction();
  await rival.query('insert into inbox (id, handled_at) values (?, now(3))', [messageId]);
  const waiting =
    "select 1 from information_schema.processlist where db = database() and info like 'insert into %inbox%'";
  return {
    reached: () =>
      eventually(async () => {
        if ((await bed.query(service, waiting)).length === 0) throw new Error(`${service} has not begun to handle it`);
      }, 40_000),
    letGo: async () => {
      await rival.rollback();
      await rival.end();
    },
  };
}
