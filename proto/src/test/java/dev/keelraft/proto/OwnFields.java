package dev.keelraft.proto;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.keelraft.proto.wire.RaftProto;

/** The fields that etcd's members do not know, and skip. */
final class OwnFields {
    static final int FIRST_NUMBER = 1000;

    private OwnFields() {}

    static boolean isOwn(FieldDescriptor field) {
        return field.getNumber() >= FIRST_NUMBER;
    }

    /** A message that is no field's type but of an own one. */
    static boolean isOwn(Descriptor message) {
        boolean used = false;
        boolean usedByEtcd = false;
        for (Descriptor other : RaftProto.getDescriptor().getMessageTypes()) {
            for (FieldDescriptor field : other.getFields()) {
                if (field.getJavaType() == JavaType.MESSAGE
                        && field.getMessageType().equals(message)) {
                    used = true;
                    usedByEtcd |= !isOwn(field);
                }
            }
        }
        return used && !usedByEtcd;
    }

    /** What is left of an encoded value where they are skipped. */
    static byte[] without(String type, byte[] encoded) {
        Descriptor descriptor = RaftProto.getDescriptor().findMessageTypeByName(type);
        try {
            return without(DynamicMessage.parseFrom(descriptor, encoded)).toByteArray();
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private static Message without(Message message) {
        Message.Builder rest = message.toBuilder();
        for (FieldDescriptor field : message.getAllFields().keySet()) {
            if (isOwn(field)) {
                rest.clearField(field);
            } else if (field.getJavaType() == JavaType.MESSAGE && field.isRepeated()) {
                for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
                    rest.setRepeatedField(field, i, without((Message) message.getRepeatedField(field, i)));
                }
            } else if (field.getJavaType() == JavaType.MESSAGE) {
                rest.setField(field, without((Message) message.getField(field)));
            }
        }
        return rest.build();
    }
}
