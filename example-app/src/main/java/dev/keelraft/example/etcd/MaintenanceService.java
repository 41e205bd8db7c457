package dev.keelraft.example.etcd;

import dev.keelraft.example.etcd.wire.AlarmRequest;
import dev.keelraft.example.etcd.wire.AlarmRequest.AlarmAction;
import dev.keelraft.example.etcd.wire.AlarmResponse;
import dev.keelraft.example.etcd.wire.DowngradeInfo;
import dev.keelraft.example.etcd.wire.StatusRequest;
import dev.keelraft.example.etcd.wire.StatusResponse;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;

/** etcdserverpb.Maintenance: how a member does. */
final class MaintenanceService {
    /** The version of etcd whose API this is, marked as not being etcd. Clients read the first two numbers. */
    static final String VERSION = "3.6.16+keel";

    private static final String NAME = "etcdserverpb.Maintenance";

    static final MethodDescriptor<AlarmRequest, AlarmResponse> ALARM =
            EtcdServices.method(NAME, "Alarm", AlarmRequest.getDefaultInstance(), AlarmResponse.getDefaultInstance());
    static final MethodDescriptor<StatusRequest, StatusResponse> STATUS = EtcdServices.method(
            NAME, "Status", StatusRequest.getDefaultInstance(), StatusResponse.getDefaultInstance());

    private final EtcdServices services;

    MaintenanceService(EtcdServices services) {
        this.services = services;
    }

    ServerServiceDefinition definition() {
        return ServerServiceDefinition.builder(NAME)
                .addMethod(ALARM, EtcdServices.handler(this::alarm))
                .addMethod(STATUS, EtcdServices.handler(this::status))
                .build();
    }

    /**
     * No alarm is ever raised here, so there is none to list. That is answered with the others' consent all the same:
     * clients call a member healthy when it answers this, and in etcd only one that reaches a majority does.
     */
    private CompletableFuture<AlarmResponse> alarm(AlarmRequest request) {
        if (request.getAction() != AlarmAction.GET) {
            return CompletableFuture.failedFuture(Status.UNIMPLEMENTED
                    .withDescription("keel: alarms can be listed, not raised or disarmed")
                    .asException());
        }
        return services.then(
                services.state(false),
                state -> AlarmResponse.newBuilder()
                        .setHeader(services.header(state.revision()))
                        .build());
    }

    /** What this member knows, whether it reaches the others or not. */
    private CompletableFuture<StatusResponse> status(StatusRequest request) {
        KeyValueState state = services.backend().currentState();
        ServerStatus status = services.backend().status();
        StatusResponse.Builder response = StatusResponse.newBuilder()
                .setHeader(services.header(state.revision()))
                .setVersion(VERSION)
                .setDbSize(state.approximateBytes())
                .setDbSizeInUse(state.approximateBytes())
                .setLeader(status.leader())
                .setRaftIndex(status.commitIndex())
                .setRaftTerm(status.term())
                .setRaftAppliedIndex(status.appliedIndex())
                .setIsLearner(status.learner())
                .setDowngradeInfo(DowngradeInfo.getDefaultInstance());
        if (status.leader() == 0) {
            response.addErrors(EtcdError.NO_LEADER.text());
        }
        if (status.diskFull()) {
            response.addErrors(EtcdError.NO_SPACE.text());
        }
        return CompletableFuture.completedFuture(response.build());
    }
}
