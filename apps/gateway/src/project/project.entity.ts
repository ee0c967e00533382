import type { Brief, Language, MusicPlan, Plan, Stage as StageName, VideoPlan } from '@castad/contracts';
import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'Project',
  tableName: 'project',
  properties: {
    taskId: p.string().length(36).primary(),
    /** Of the latest order; 0 before the first. */
    revision: p.integer(),
    brief: p.json<Brief>(),
    businessName: p.string().length(100),
    language: p.string().$type<Language>(),
    music: p.json<MusicPlan>(),
    video: p.json<VideoPlan>(),
    createdAt: p.datetime(3),
  },
});

/** What a client wants a film about. What has become of it is told by its orders and stages. */
export class Project extends schema.class {
  static create(fields: Pick<Project, 'taskId' | 'brief' | 'language' | 'music' | 'video'>): Project {
    const { businessName } = fields.brief;
    return Object.assign(new Project(), { ...fields, businessName, revision: 0, createdAt: new Date() });
  }

  plan(imageIds: string[], deadline: Date, stopAfter?: StageName): Plan {
    const { brief, language, music, video } = this;
    return {
      brief,
      language,
      music,
      video,
      imageIds,
      deadline: deadline.toISOString(),
      ...(stopAfter && { stopAfter }),
    };
  }
}
schema.setClass(Project);
