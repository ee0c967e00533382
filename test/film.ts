import { Topics } from '@castad/testing';
import * as sandbox from '../sandbox/studio.ts';

export type { ProjectView, SimLog, StageView, StudioOptions } from '../sandbox/studio.ts';

export interface Studio extends sandbox.Studio {
  topics: Topics;
}

/** All five services as processes, and what goes between them. */
export async function startStudio(options?: sandbox.StudioOptions): Promise<Studio> {
  const studio = await sandbox.startStudio(options);
  const topics = new Topics(studio.sandbox.env.KAFKA_BROKERS as string);
  await topics.provision();
  const close = async () => {
    await topics.close();
    await studio.close();
  };
  return { ...studio, topics, close };
}
