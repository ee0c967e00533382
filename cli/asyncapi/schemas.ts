import { Message, messages, type MessageClass } from '@castad/contracts';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { IS_ISO8601, IS_URL } from 'class-validator';
import { targetConstructorToSchema, validationMetadatasToSchemas } from 'class-validator-jsonschema';

export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

const options = {
  refPointerPrefix: '#/components/schemas/',
  classTransformerMetadataStorage: defaultMetadataStorage,
  additionalConverters: {
    [IS_ISO8601]: { type: 'string', format: 'date-time' },
    [IS_URL]: { type: 'string', format: 'uri' },
  },
} as const;

/** The JSON Schemas of messages and of what they are made of, by class name, with the classes' doc comments. */
export function schemasOf(messages: readonly MessageClass[], comments: Map<string, string>): Record<string, Schema> {
  const parts = validationMetadatasToSchemas(options) as Record<string, Schema>;
  const schemas: Record<string, Schema> = {};
  const addPart = (name: string) => {
    if (!schemas[name]) add(name, parts[name] as Schema, [name]);
  };
  const add = (name: string, schema: Schema, ancestry: string[]) => {
    schemas[name] = described(schema, ancestry, comments);
    for (const [, part] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g)) addPart(part as string);
  };
  for (const type of messages) add(type.name, targetConstructorToSchema(type, options) as Schema, ancestryOf(type));
  return schemas;
}

/** Where the contracts keep the schemas by which they check messages, in the repository. */
export const SCHEMAS = 'libs/contracts/src/schemas.json';

/** The content of that file. */
export function messageSchemas(): string {
  const text = JSON.stringify(schemasOf(messages, new Map()), undefined, 2);
  return `${text.replaceAll(options.refPointerPrefix, '#/$defs/')}\n`;
}

/** The doc comment of a message class, or else of the kind of message it is. */
export function summaryOf(type: MessageClass, comments: Map<string, string>): string | undefined {
  const kinds = ancestryOf(type).filter(name => name !== Message.name);
  return kinds.map(name => comments.get(name)).find(Boolean);
}

function ancestryOf(type: object & { name: string }): string[] {
  return type === Message ? [type.name] : [type.name, ...ancestryOf(Object.getPrototypeOf(type) as typeof Message)];
}

function described(schema: Schema, ancestry: string[], comments: Map<string, string>): Schema {
  const { taskId, revision, ...own } = schema.properties ?? {};
  const properties = Object.entries({ ...(taskId && { taskId }), ...(revision && { revision }), ...own });
  const description = comments.get(ancestry[0] as string);
  return {
    type: 'object',
    ...(description && { description }),
    required: properties.map(([name]) => name).filter(name => schema.required?.includes(name)),
    properties: Object.fromEntries(
      properties.map(([name, property]) => {
        const comment = ancestry.map(owner => comments.get(`${owner}.${name}`)).find(Boolean);
        return [name, tidy(property, comment)];
      }),
    ),
  };
}

/** A reference stands alone: JSON Schema ignores what stands beside it. */
function tidy({ $ref, type, items, ...rules }: Schema, description?: string): Schema {
  if ($ref) return { $ref };
  return { type, ...(description && { description }), ...rules, ...(items && { items: tidy(items) }) };
}
