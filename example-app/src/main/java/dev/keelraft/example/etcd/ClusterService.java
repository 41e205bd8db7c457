package dev.keelraft.example.etcd;

import dev.keelraft.example.etcd.wire.MemberListRequest;
import dev.keelraft.example.etcd.wire.MemberListResponse;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import java.util.concurrent.CompletableFuture;

/** etcdserverpb.Cluster: who the members are. */
final class ClusterService {
    private static final String NAME = "etcdserverpb.Cluster";

    static final MethodDescriptor<MemberListRequest, MemberListResponse> MEMBER_LIST = EtcdServices.method(
            NAME, "MemberList", MemberListRequest.getDefaultInstance(), MemberListResponse.getDefaultInstance());

    private final EtcdServices services;

    ClusterService(EtcdServices services) {
        this.services = services;
    }

    ServerServiceDefinition definition() {
        return ServerServiceDefinition.builder(NAME)
                .addMethod(MEMBER_LIST, EtcdServices.handler(this::memberList))
                .build();
    }

    private CompletableFuture<MemberListResponse> memberList(MemberListRequest request) {
        return services.then(
                services.state(!request.getLinearizable()),
                state -> MemberListResponse.newBuilder()
                        .setHeader(services.header(state.revision()))
                        .addAllMembers(services.backend().members(state))
                        .build());
    }
}
