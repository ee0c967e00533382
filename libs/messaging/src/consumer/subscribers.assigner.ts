import { AssignerProtocol, type GroupMember, type PartitionAssigner } from '@castad/kafkajs';

const VERSION = 0;

interface Member {
  memberId: string;
  topics: Set<string>;
  assignment: Record<string, number[]>;
  size: number;
}

/**
 * Gives every partition to a member that subscribes to its topic, evenly. kafkajs' own assigner goes by the leader's
 * topics alone: while two versions of a service run side by side, what only one of them handles would lie still.
 */
export const subscribersAssigner: PartitionAssigner = ({ cluster }) => ({
  // The name is what the members of a group must agree on. This is the built-in one's, whose format is ours too, so
  // that processes from before this assigner may share the group.
  name: 'RoundRobinAssigner',
  version: VERSION,

  async assign({ members }) {
    const all = members.map(read).sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
    const topics = [...new Set(all.flatMap(member => [...member.topics]))].sort();
    // The leader knows the partitions of its own topics only.
    await cluster.addMultipleTargetTopics(topics);
    const subscriptions = topics.map(topic => ({ topic, subscribers: all.filter(member => member.topics.has(topic)) }));
    // What few can take comes first, so that the others even it out.
    subscriptions.sort((a, b) => a.subscribers.length - b.subscribers.length);
    for (const { topic, subscribers } of subscriptions) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const least = subscribers.reduce((found, member) => (member.size < found.size ? member : found));
        (least.assignment[topic] ??= []).push(partitionId);
        least.size++;
      }
    }
    return all.map(({ memberId, assignment }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: VERSION,
        assignment,
        userData: Buffer.alloc(0),
      }),
    }));
  },

  protocol({ topics }) {
    const metadata = AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.alloc(0) });
    return { name: this.name, metadata };
  },
});

function read({ memberId, memberMetadata }: GroupMember): Member {
  const topics = AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? [];
  return { memberId, topics: new Set(topics), assignment: {}, size: 0 };
}
