/** The version of the Kafka bindings the document is written in. */
export const KAFKA_BINDING = { bindingVersion: '0.5.0' };

export const ref = (...path: string[]) => ({ $ref: ['#', ...path].join('/') });
