import { PARTITIONS } from '@castad/contracts';
import { Partitioners, type PartitionMetadata } from '@castad/kafkajs';

const partitioner = Partitioners.DefaultPartitioner();
const partitionMetadata = Array.from(
  { length: PARTITIONS },
  (_, partitionId) => ({ partitionId, leader: 0 }) as PartitionMetadata,
);

/** The partition of a key, as every Kafka client finds it. */
export const partitionOf = (key: string): number =>
  partitioner({ topic: '', partitionMetadata, message: { key, value: null } });
