import {
  formatsOf,
  type Brief,
  type Format,
  type Language,
  type MusicPlan,
  type Plan,
  type Stage as StageName,
  stages as stageNames,
  type VideoPlan,
} from '@castad/contracts';
import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { isDeepStrictEqual } from 'node:util';

/** A result that was chosen, and the project's revision by it: what is made later takes its place. */
export interface Choice {
  revision: number;
  draft?: number;
  trackId?: string;
  at: number;
}

export type Edits = Partial<Record<StageName, number>>;
export type Metadata = Record<string, string>;

/** What a choice is about: a stage; of the films after the first, its format too. */
export type ChoiceKey = StageName | `video ${Format}`;

export type Choices = Partial<Record<ChoiceKey, Choice>>;

/** The first film is chosen as the only one always was. */
export const choiceKey = (name: StageName, format: Format | undefined, video: VideoPlan): ChoiceKey =>
  name !== 'video' || !format || format === video.format ? name : `video ${format}`;

const schema = defineEntity({
  name: 'Project',
  tableName: 'project',
  properties: {
    taskId: p.string().length(36).primary(),
    /** Raised by every accepted order and choice: who looked at one revision is not asked about another. */
    revision: p.integer(),
    /** Raised by whatever else clients change, or time: a reader is told of it by the ETag. */
    version: p.integer(),
    choices: p.json<Choices>().nullable(),
    /** The revision by which what a stage is made of was last edited: what is older is stale. */
    edits: p.json<Edits>().nullable(),
    brief: p.json<Brief>(),
    businessName: p.string().length(100),
    language: p.string().$type<Language>(),
    music: p.json<MusicPlan>(),
    video: p.json<VideoPlan>(),
    /** The client asked for a film that shows none; it is not asked again. */
    withoutPhotos: p.boolean(),
    /** The client's own name for it; several may have the same. */
    externalId: p.string().length(200).nullable(),
    /** The client's own; of no meaning to us. */
    metadata: p.json<Metadata>().nullable(),
    createdAt: p.datetime(3),
  },
});

/** What a film is made of, beside its photos. */
export type Material = Pick<InferEntity<typeof schema>, 'brief' | 'language' | 'music' | 'video'>;

/** The client's own notes on a project. */
export type Labels = Partial<Pick<InferEntity<typeof schema>, 'externalId' | 'metadata'>>;

/** A lyric carries the style of its song, and is as long as that is to be; a film shows what the brief says. */
const madeOf: Record<StageName, (keyof Material)[]> = {
  lyric: ['brief', 'language', 'music'],
  song: ['music'],
  video: ['brief', 'video'],
};

/** What a client wants a film about. What has become of it is told by its orders and stages. */
export class Project extends schema.class {
  static create(fields: Pick<Project, 'taskId'> & Partial<Pick<Project, 'createdAt'>> & Material & Labels): Project {
    const { businessName } = fields.brief;
    return Object.assign(new Project(), {
      createdAt: new Date(),
      ...fields,
      businessName,
      revision: 0,
      version: 0,
      withoutPhotos: false,
    });
  }

  choose(what: ChoiceKey, choice: Omit<Choice, 'at'>): void {
    this.revision += 1;
    this.choices = { ...this.choices, [what]: { ...choice, at: this.revision } };
  }

  /** What its view shows has changed, other than by an order, a choice or an event. */
  changed(): void {
    this.version += 1;
  }

  /** What was made of it before becomes stale. Nothing was before the first order. */
  edit(material: Material): void {
    if (this.isMadeOf(material)) return;
    const edited = stageNames.filter(stage => madeOf[stage].some(part => this.isStaleBy(part, material)));
    Object.assign(this, material, { businessName: material.brief.businessName });
    if (this.revision === 0) return this.changed();
    this.revision += 1;
    this.edits = { ...this.edits, ...Object.fromEntries(edited.map(stage => [stage, this.revision])) };
  }

  isMadeOf(material: Material): boolean {
    return !Object.values(madeOf)
      .flat()
      .some(part => this.differs(part, material));
  }

  label(labels: Labels): void {
    if (Object.entries(labels).every(([name, value]) => isDeepStrictEqual(this[name as keyof Labels] ?? null, value)))
      return;
    Object.assign(this, labels);
    this.changed();
  }

  /** A further format leaves the films of the others as they are. */
  private isStaleBy(part: keyof Material, material: Material): boolean {
    if (part !== 'video') return this.differs(part, material);
    return !isDeepStrictEqual(shapeOf(this.video), shapeOf(material.video));
  }

  private differs(part: keyof Material, material: Material): boolean {
    return !isDeepStrictEqual(this[part], material[part]);
  }

  /** From now on the project has films of these formats too. */
  addFormats(added: Format[]): void {
    const formats = [...new Set([...formatsOf(this.video), ...added])];
    if (formats.length > 1) this.video = { ...this.video, formats };
  }

  /** @param films the formats that are made; otherwise all */
  plan(imageIds: string[], deadline: Date, stopAfter?: StageName, films?: Format[]): Plan {
    const { brief, language, music, video } = this;
    return {
      brief,
      language,
      music,
      video: films ? videoOf(video, films) : video,
      imageIds,
      deadline: deadline.toISOString(),
      ...(stopAfter && { stopAfter }),
    };
  }
}
schema.setClass(Project);

const shapeOf = ({ format, template }: VideoPlan) => [format, template];

/** The one film of a project that has no others is not told apart by its format, as it never was. */
function videoOf(video: VideoPlan, films: Format[]): VideoPlan {
  const [format = video.format] = films;
  return { ...video, format, ...((video.formats || format !== video.format) && { formats: films }) };
}
