import type { Json } from '../stand-in/call.ts';
import { designs } from './designs.ts';
import { elementsOf } from './render-script.ts';

export interface Template {
  id: string;
  name: string;
  tags: string[];
  created_at: string;
  updated_at: string;
  source: Json;
}

const templates: Template[] = designs;

export const findTemplate = (id: unknown): Template | undefined => templates.find(template => template.id === id);

/** The list as the API gives it: without the sources. */
export function listTemplates(tags: string[]) {
  return templates
    .filter(template => tags.every(tag => template.tags.includes(tag)))
    .map(({ id, name, tags: own, created_at, updated_at }) => ({ id, name, tags: own, created_at, updated_at }));
}

const mainProperty: Record<string, string> = { text: 'text', shape: 'fill_color' };

/** A template's source with `Name` or `Name.property` replaced; keys that fit nothing are returned, not refused. */
export function modified(template: Template, modifications: Json): { source: Json; unmatched: string[] } {
  const source = structuredClone(template.source);
  const elements = elementsOf(source);
  const unmatched = Object.entries(modifications).filter(([key, value]) => {
    const [name, property] = key.split('.');
    const found = elements.filter(element => element.name === name);
    for (const element of found) element[property ?? mainProperty[String(element.type)] ?? 'source'] = value;
    return found.length === 0;
  });
  return { source, unmatched: unmatched.map(([key]) => key) };
}
