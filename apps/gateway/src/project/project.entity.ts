import type { Brief, Language, MusicPlan, Plan, Stage as StageName, VideoPlan } from '@castad/contracts';
import { defineEntity, p } from '@mikro-orm/core';

/** A result that was chosen, and the project's revision by it: what is made later takes its place. */
export interface Choice {
  revision: number;
  trackId?: string;
  at: number;
}

export type Choices = Partial<Record<StageName, Choice>>;

const schema = defineEntity({
  name: 'Project',
  tableName: 'project',
  properties: {
    taskId: p.string().length(36).primary(),
    /** Raised by every accepted order and choice: who looked at one revision is not asked about another. */
    revision: p.integer(),
    choices: p.json<Choices>().nullable(),
    brief: p.json<Brief>(),
    businessName: p.string().length(100),
    language: p.string().$type<Language>(),
    music: p.json<MusicPlan>(),
    video: p.json<VideoPlan>(),
    /** The client asked for a film that shows none; it is not asked again. */
    withoutPhotos: p.boolean(),
    createdAt: p.datetime(3),
  },
});

/** What a client wants a film about. What has become of it is told by its orders and stages. */
export class Project extends schema.class {
  static create(fields: Pick<Project, 'taskId' | 'brief' | 'language' | 'music' | 'video'>): Project {
    const { businessName } = fields.brief;
    return Object.assign(new Project(), {
      ...fields,
      businessName,
      revision: 0,
      withoutPhotos: false,
      createdAt: new Date(),
    });
  }

  choose(stage: StageName, choice: Omit<Choice, 'at'>): void {
    this.revision += 1;
    this.choices = { ...this.choices, [stage]: { ...choice, at: this.revision } };
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
