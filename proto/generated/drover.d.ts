import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace drover. */
export namespace drover {

    /** Namespace v1. */
    namespace v1 {

        /**
         * Properties of a SignedEnvelope.
         * @deprecated Use drover.v1.SignedEnvelope.$Properties instead.
         */
        interface ISignedEnvelope extends drover.v1.SignedEnvelope.$Properties {
        }

        /** Represents a SignedEnvelope. */
        class SignedEnvelope {

            /**
             * Constructs a new SignedEnvelope.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.SignedEnvelope.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SignedEnvelope schemaVersion. */
            schemaVersion: (number|null);

            /** SignedEnvelope payload. */
            payload: (Uint8Array|null);

            /** SignedEnvelope signatures. */
            signatures: drover.v1.Signature[];

            /**
             * Creates a new SignedEnvelope instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SignedEnvelope instance
             */
            static create(properties: drover.v1.SignedEnvelope.$Shape): drover.v1.SignedEnvelope & drover.v1.SignedEnvelope.$Shape;
            static create(properties?: drover.v1.SignedEnvelope.$Properties): drover.v1.SignedEnvelope;

            /**
             * Encodes the specified SignedEnvelope message. Does not implicitly {@link drover.v1.SignedEnvelope.verify|verify} messages.
             * @param message SignedEnvelope message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.SignedEnvelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SignedEnvelope message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.SignedEnvelope & drover.v1.SignedEnvelope.$Shape} SignedEnvelope
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.SignedEnvelope & drover.v1.SignedEnvelope.$Shape;

            /**
             * Gets the type url for SignedEnvelope
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SignedEnvelope {

            /** Properties of a SignedEnvelope. */
            interface $Properties {

                /** SignedEnvelope schemaVersion */
                schemaVersion?: (number|null);

                /** SignedEnvelope payload */
                payload?: (Uint8Array|null);

                /** SignedEnvelope signatures */
                signatures?: drover.v1.Signature.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SignedEnvelope. */
            type $Shape = drover.v1.SignedEnvelope.$Properties;
        }

        /**
         * Properties of a Signature.
         * @deprecated Use drover.v1.Signature.$Properties instead.
         */
        interface ISignature extends drover.v1.Signature.$Properties {
        }

        /** Represents a Signature. */
        class Signature {

            /**
             * Constructs a new Signature.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Signature.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Signature keyId. */
            keyId: (string|null);

            /** Signature signature. */
            signature: (Uint8Array|null);

            /**
             * Creates a new Signature instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Signature instance
             */
            static create(properties: drover.v1.Signature.$Shape): drover.v1.Signature & drover.v1.Signature.$Shape;
            static create(properties?: drover.v1.Signature.$Properties): drover.v1.Signature;

            /**
             * Encodes the specified Signature message. Does not implicitly {@link drover.v1.Signature.verify|verify} messages.
             * @param message Signature message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Signature.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Signature message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Signature & drover.v1.Signature.$Shape} Signature
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Signature & drover.v1.Signature.$Shape;

            /**
             * Gets the type url for Signature
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Signature {

            /** Properties of a Signature. */
            interface $Properties {

                /** Signature keyId */
                keyId?: (string|null);

                /** Signature signature */
                signature?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Signature. */
            type $Shape = drover.v1.Signature.$Properties;
        }

        /**
         * Properties of a TrustDocument.
         * @deprecated Use drover.v1.TrustDocument.$Properties instead.
         */
        interface ITrustDocument extends drover.v1.TrustDocument.$Properties {
        }

        /** Represents a TrustDocument. */
        class TrustDocument {

            /**
             * Constructs a new TrustDocument.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.TrustDocument.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TrustDocument version. */
            version: (number|null);

            /** TrustDocument expiresAt. */
            expiresAt: (number|Long|null);

            /** TrustDocument keys. */
            keys: drover.v1.TrustedKey[];

            /** TrustDocument roles. */
            roles: drover.v1.Role[];

            /** TrustDocument operationTypes. */
            operationTypes: drover.v1.OperationTypeRule[];

            /** TrustDocument releaseEpoch. */
            releaseEpoch: (number|null);

            /**
             * Creates a new TrustDocument instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TrustDocument instance
             */
            static create(properties: drover.v1.TrustDocument.$Shape): drover.v1.TrustDocument & drover.v1.TrustDocument.$Shape;
            static create(properties?: drover.v1.TrustDocument.$Properties): drover.v1.TrustDocument;

            /**
             * Encodes the specified TrustDocument message. Does not implicitly {@link drover.v1.TrustDocument.verify|verify} messages.
             * @param message TrustDocument message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.TrustDocument.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TrustDocument message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.TrustDocument & drover.v1.TrustDocument.$Shape} TrustDocument
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.TrustDocument & drover.v1.TrustDocument.$Shape;

            /**
             * Gets the type url for TrustDocument
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TrustDocument {

            /** Properties of a TrustDocument. */
            interface $Properties {

                /** TrustDocument version */
                version?: (number|null);

                /** TrustDocument expiresAt */
                expiresAt?: (number|Long|null);

                /** TrustDocument keys */
                keys?: drover.v1.TrustedKey.$Properties[];

                /** TrustDocument roles */
                roles?: drover.v1.Role.$Properties[];

                /** TrustDocument operationTypes */
                operationTypes?: drover.v1.OperationTypeRule.$Properties[];

                /** TrustDocument releaseEpoch */
                releaseEpoch?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TrustDocument. */
            type $Shape = drover.v1.TrustDocument.$Properties;
        }

        /** KeyAlgorithm enum. */
        enum KeyAlgorithm {

            /** KEY_ALGORITHM_UNSPECIFIED value */
            KEY_ALGORITHM_UNSPECIFIED = 0,

            /** KEY_ALGORITHM_ED25519 value */
            KEY_ALGORITHM_ED25519 = 1,

            /** KEY_ALGORITHM_ECDSA_P256_SHA256 value */
            KEY_ALGORITHM_ECDSA_P256_SHA256 = 2
        }

        /**
         * Properties of a TrustedKey.
         * @deprecated Use drover.v1.TrustedKey.$Properties instead.
         */
        interface ITrustedKey extends drover.v1.TrustedKey.$Properties {
        }

        /** Represents a TrustedKey. */
        class TrustedKey {

            /**
             * Constructs a new TrustedKey.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.TrustedKey.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TrustedKey keyId. */
            keyId: (string|null);

            /** TrustedKey algorithm. */
            algorithm: (drover.v1.KeyAlgorithm|null);

            /** TrustedKey publicKey. */
            publicKey: (Uint8Array|null);

            /**
             * Creates a new TrustedKey instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TrustedKey instance
             */
            static create(properties: drover.v1.TrustedKey.$Shape): drover.v1.TrustedKey & drover.v1.TrustedKey.$Shape;
            static create(properties?: drover.v1.TrustedKey.$Properties): drover.v1.TrustedKey;

            /**
             * Encodes the specified TrustedKey message. Does not implicitly {@link drover.v1.TrustedKey.verify|verify} messages.
             * @param message TrustedKey message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.TrustedKey.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TrustedKey message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.TrustedKey & drover.v1.TrustedKey.$Shape} TrustedKey
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.TrustedKey & drover.v1.TrustedKey.$Shape;

            /**
             * Gets the type url for TrustedKey
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TrustedKey {

            /** Properties of a TrustedKey. */
            interface $Properties {

                /** TrustedKey keyId */
                keyId?: (string|null);

                /** TrustedKey algorithm */
                algorithm?: (drover.v1.KeyAlgorithm|null);

                /** TrustedKey publicKey */
                publicKey?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TrustedKey. */
            type $Shape = drover.v1.TrustedKey.$Properties;
        }

        /**
         * Properties of a Role.
         * @deprecated Use drover.v1.Role.$Properties instead.
         */
        interface IRole extends drover.v1.Role.$Properties {
        }

        /** Represents a Role. */
        class Role {

            /**
             * Constructs a new Role.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Role.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Role name. */
            name: (string|null);

            /** Role keyIds. */
            keyIds: string[];

            /** Role threshold. */
            threshold: (number|null);

            /**
             * Creates a new Role instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Role instance
             */
            static create(properties: drover.v1.Role.$Shape): drover.v1.Role & drover.v1.Role.$Shape;
            static create(properties?: drover.v1.Role.$Properties): drover.v1.Role;

            /**
             * Encodes the specified Role message. Does not implicitly {@link drover.v1.Role.verify|verify} messages.
             * @param message Role message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Role.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Role message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Role & drover.v1.Role.$Shape} Role
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Role & drover.v1.Role.$Shape;

            /**
             * Gets the type url for Role
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Role {

            /** Properties of a Role. */
            interface $Properties {

                /** Role name */
                name?: (string|null);

                /** Role keyIds */
                keyIds?: string[];

                /** Role threshold */
                threshold?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Role. */
            type $Shape = drover.v1.Role.$Properties;
        }

        /**
         * Properties of an OperationTypeRule.
         * @deprecated Use drover.v1.OperationTypeRule.$Properties instead.
         */
        interface IOperationTypeRule extends drover.v1.OperationTypeRule.$Properties {
        }

        /** Represents an OperationTypeRule. */
        class OperationTypeRule {

            /**
             * Constructs a new OperationTypeRule.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.OperationTypeRule.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** OperationTypeRule operationType. */
            operationType: (string|null);

            /** OperationTypeRule role. */
            role: (string|null);

            /**
             * Creates a new OperationTypeRule instance using the specified properties.
             * @param [properties] Properties to set
             * @returns OperationTypeRule instance
             */
            static create(properties: drover.v1.OperationTypeRule.$Shape): drover.v1.OperationTypeRule & drover.v1.OperationTypeRule.$Shape;
            static create(properties?: drover.v1.OperationTypeRule.$Properties): drover.v1.OperationTypeRule;

            /**
             * Encodes the specified OperationTypeRule message. Does not implicitly {@link drover.v1.OperationTypeRule.verify|verify} messages.
             * @param message OperationTypeRule message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.OperationTypeRule.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an OperationTypeRule message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.OperationTypeRule & drover.v1.OperationTypeRule.$Shape} OperationTypeRule
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.OperationTypeRule & drover.v1.OperationTypeRule.$Shape;

            /**
             * Gets the type url for OperationTypeRule
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace OperationTypeRule {

            /** Properties of an OperationTypeRule. */
            interface $Properties {

                /** OperationTypeRule operationType */
                operationType?: (string|null);

                /** OperationTypeRule role */
                role?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an OperationTypeRule. */
            type $Shape = drover.v1.OperationTypeRule.$Properties;
        }

        /**
         * Properties of a FleetTime.
         * @deprecated Use drover.v1.FleetTime.$Properties instead.
         */
        interface IFleetTime extends drover.v1.FleetTime.$Properties {
        }

        /** Represents a FleetTime. */
        class FleetTime {

            /**
             * Constructs a new FleetTime.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.FleetTime.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FleetTime issuedAt. */
            issuedAt: (number|Long|null);

            /** FleetTime expiresAt. */
            expiresAt: (number|Long|null);

            /** FleetTime trustVersion. */
            trustVersion: (number|null);

            /**
             * Creates a new FleetTime instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FleetTime instance
             */
            static create(properties: drover.v1.FleetTime.$Shape): drover.v1.FleetTime & drover.v1.FleetTime.$Shape;
            static create(properties?: drover.v1.FleetTime.$Properties): drover.v1.FleetTime;

            /**
             * Encodes the specified FleetTime message. Does not implicitly {@link drover.v1.FleetTime.verify|verify} messages.
             * @param message FleetTime message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.FleetTime.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FleetTime message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.FleetTime & drover.v1.FleetTime.$Shape} FleetTime
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.FleetTime & drover.v1.FleetTime.$Shape;

            /**
             * Gets the type url for FleetTime
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FleetTime {

            /** Properties of a FleetTime. */
            interface $Properties {

                /** FleetTime issuedAt */
                issuedAt?: (number|Long|null);

                /** FleetTime expiresAt */
                expiresAt?: (number|Long|null);

                /** FleetTime trustVersion */
                trustVersion?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FleetTime. */
            type $Shape = drover.v1.FleetTime.$Properties;
        }

        /**
         * Properties of a DeviceReport.
         * @deprecated Use drover.v1.DeviceReport.$Properties instead.
         */
        interface IDeviceReport extends drover.v1.DeviceReport.$Properties {
        }

        /** Represents a DeviceReport. */
        class DeviceReport {

            /**
             * Constructs a new DeviceReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.DeviceReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeviceReport deviceId. */
            deviceId: (string|null);

            /** DeviceReport operationId. */
            operationId: (string|null);

            /** DeviceReport attempt. */
            attempt: (number|null);

            /** DeviceReport nonce. */
            nonce: (Uint8Array|null);

            /** DeviceReport bootId. */
            bootId: (Uint8Array|null);

            /** DeviceReport result. */
            result: (string|null);

            /** DeviceReport components. */
            components: drover.v1.ComponentReport[];

            /** DeviceReport deviceTime. */
            deviceTime: (number|Long|null);

            /**
             * Creates a new DeviceReport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DeviceReport instance
             */
            static create(properties: drover.v1.DeviceReport.$Shape): drover.v1.DeviceReport & drover.v1.DeviceReport.$Shape;
            static create(properties?: drover.v1.DeviceReport.$Properties): drover.v1.DeviceReport;

            /**
             * Encodes the specified DeviceReport message. Does not implicitly {@link drover.v1.DeviceReport.verify|verify} messages.
             * @param message DeviceReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.DeviceReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeviceReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.DeviceReport & drover.v1.DeviceReport.$Shape} DeviceReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.DeviceReport & drover.v1.DeviceReport.$Shape;

            /**
             * Gets the type url for DeviceReport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DeviceReport {

            /** Properties of a DeviceReport. */
            interface $Properties {

                /** DeviceReport deviceId */
                deviceId?: (string|null);

                /** DeviceReport operationId */
                operationId?: (string|null);

                /** DeviceReport attempt */
                attempt?: (number|null);

                /** DeviceReport nonce */
                nonce?: (Uint8Array|null);

                /** DeviceReport bootId */
                bootId?: (Uint8Array|null);

                /** DeviceReport result */
                result?: (string|null);

                /** DeviceReport components */
                components?: drover.v1.ComponentReport.$Properties[];

                /** DeviceReport deviceTime */
                deviceTime?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeviceReport. */
            type $Shape = drover.v1.DeviceReport.$Properties;
        }

        /** PayloadFormat enum. */
        enum PayloadFormat {

            /** PAYLOAD_FORMAT_UNSPECIFIED value */
            PAYLOAD_FORMAT_UNSPECIFIED = 0,

            /** PAYLOAD_FORMAT_RAW value */
            PAYLOAD_FORMAT_RAW = 1,

            /** PAYLOAD_FORMAT_DELTA_ZSTD value */
            PAYLOAD_FORMAT_DELTA_ZSTD = 2,

            /** PAYLOAD_FORMAT_COMBINED value */
            PAYLOAD_FORMAT_COMBINED = 3
        }

        /**
         * Properties of a Manifest.
         * @deprecated Use drover.v1.Manifest.$Properties instead.
         */
        interface IManifest extends drover.v1.Manifest.$Properties {
        }

        /** Represents a Manifest. */
        class Manifest {

            /**
             * Constructs a new Manifest.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Manifest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Manifest vendorId. */
            vendorId: (Uint8Array|null);

            /** Manifest classId. */
            classId: (Uint8Array|null);

            /** Manifest deviceId. */
            deviceId: (string|null);

            /** Manifest priority. */
            priority: (number|null);

            /** Manifest component. */
            component: (string|null);

            /** Manifest version. */
            version: (string|null);

            /** Manifest releaseCounter. */
            releaseCounter: (number|Long|null);

            /** Manifest expiresAt. */
            expiresAt: (number|Long|null);

            /** Manifest payloadSize. */
            payloadSize: (number|Long|null);

            /** Manifest payloadSha256. */
            payloadSha256: (Uint8Array|null);

            /** Manifest installedSize. */
            installedSize: (number|Long|null);

            /** Manifest installedSha256. */
            installedSha256: (Uint8Array|null);

            /** Manifest precursorSha256. */
            precursorSha256: (Uint8Array|null);

            /** Manifest chunkIndexSize. */
            chunkIndexSize: (number|null);

            /** Manifest chunkIndexSha256. */
            chunkIndexSha256: (Uint8Array|null);

            /** Manifest uri. */
            uri: (string|null);

            /** Manifest format. */
            format: (drover.v1.PayloadFormat|null);

            /** Manifest metadata. */
            metadata: (Uint8Array|null);

            /** Manifest vendorData. */
            vendorData: (Uint8Array|null);

            /** Manifest needsReboot. */
            needsReboot: (boolean|null);

            /** Manifest prerequisites. */
            prerequisites: drover.v1.Prerequisite[];

            /**
             * Creates a new Manifest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Manifest instance
             */
            static create(properties: drover.v1.Manifest.$Shape): drover.v1.Manifest & drover.v1.Manifest.$Shape;
            static create(properties?: drover.v1.Manifest.$Properties): drover.v1.Manifest;

            /**
             * Encodes the specified Manifest message. Does not implicitly {@link drover.v1.Manifest.verify|verify} messages.
             * @param message Manifest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Manifest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Manifest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Manifest & drover.v1.Manifest.$Shape} Manifest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Manifest & drover.v1.Manifest.$Shape;

            /**
             * Gets the type url for Manifest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Manifest {

            /** Properties of a Manifest. */
            interface $Properties {

                /** Manifest vendorId */
                vendorId?: (Uint8Array|null);

                /** Manifest classId */
                classId?: (Uint8Array|null);

                /** Manifest deviceId */
                deviceId?: (string|null);

                /** Manifest priority */
                priority?: (number|null);

                /** Manifest component */
                component?: (string|null);

                /** Manifest version */
                version?: (string|null);

                /** Manifest releaseCounter */
                releaseCounter?: (number|Long|null);

                /** Manifest expiresAt */
                expiresAt?: (number|Long|null);

                /** Manifest payloadSize */
                payloadSize?: (number|Long|null);

                /** Manifest payloadSha256 */
                payloadSha256?: (Uint8Array|null);

                /** Manifest installedSize */
                installedSize?: (number|Long|null);

                /** Manifest installedSha256 */
                installedSha256?: (Uint8Array|null);

                /** Manifest precursorSha256 */
                precursorSha256?: (Uint8Array|null);

                /** Manifest chunkIndexSize */
                chunkIndexSize?: (number|null);

                /** Manifest chunkIndexSha256 */
                chunkIndexSha256?: (Uint8Array|null);

                /** Manifest uri */
                uri?: (string|null);

                /** Manifest format */
                format?: (drover.v1.PayloadFormat|null);

                /** Manifest metadata */
                metadata?: (Uint8Array|null);

                /** Manifest vendorData */
                vendorData?: (Uint8Array|null);

                /** Manifest needsReboot */
                needsReboot?: (boolean|null);

                /** Manifest prerequisites */
                prerequisites?: drover.v1.Prerequisite.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Manifest. */
            type $Shape = drover.v1.Manifest.$Properties;
        }

        /**
         * Properties of a Prerequisite.
         * @deprecated Use drover.v1.Prerequisite.$Properties instead.
         */
        interface IPrerequisite extends drover.v1.Prerequisite.$Properties {
        }

        /** Represents a Prerequisite. */
        class Prerequisite {

            /**
             * Constructs a new Prerequisite.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Prerequisite.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Prerequisite component. */
            component: (string|null);

            /** Prerequisite versionLeast. */
            versionLeast: (string|null);

            /**
             * Creates a new Prerequisite instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Prerequisite instance
             */
            static create(properties: drover.v1.Prerequisite.$Shape): drover.v1.Prerequisite & drover.v1.Prerequisite.$Shape;
            static create(properties?: drover.v1.Prerequisite.$Properties): drover.v1.Prerequisite;

            /**
             * Encodes the specified Prerequisite message. Does not implicitly {@link drover.v1.Prerequisite.verify|verify} messages.
             * @param message Prerequisite message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Prerequisite.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Prerequisite message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Prerequisite & drover.v1.Prerequisite.$Shape} Prerequisite
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Prerequisite & drover.v1.Prerequisite.$Shape;

            /**
             * Gets the type url for Prerequisite
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Prerequisite {

            /** Properties of a Prerequisite. */
            interface $Properties {

                /** Prerequisite component */
                component?: (string|null);

                /** Prerequisite versionLeast */
                versionLeast?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Prerequisite. */
            type $Shape = drover.v1.Prerequisite.$Properties;
        }

        /**
         * Properties of a Command.
         * @deprecated Use drover.v1.Command.$Properties instead.
         */
        interface ICommand extends drover.v1.Command.$Properties {
        }

        /** Represents a Command. */
        class Command {

            /**
             * Constructs a new Command.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Command.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Command operationType. */
            operationType: (string|null);

            /** Command operationId. */
            operationId: (string|null);

            /** Command vendorId. */
            vendorId: (Uint8Array|null);

            /** Command classId. */
            classId: (Uint8Array|null);

            /** Command deviceId. */
            deviceId: (string|null);

            /** Command expiresAt. */
            expiresAt: (number|Long|null);

            /** Command arguments. */
            arguments: (Uint8Array|null);

            /**
             * Creates a new Command instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Command instance
             */
            static create(properties: drover.v1.Command.$Shape): drover.v1.Command & drover.v1.Command.$Shape;
            static create(properties?: drover.v1.Command.$Properties): drover.v1.Command;

            /**
             * Encodes the specified Command message. Does not implicitly {@link drover.v1.Command.verify|verify} messages.
             * @param message Command message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Command.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Command message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Command & drover.v1.Command.$Shape} Command
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Command & drover.v1.Command.$Shape;

            /**
             * Gets the type url for Command
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Command {

            /** Properties of a Command. */
            interface $Properties {

                /** Command operationType */
                operationType?: (string|null);

                /** Command operationId */
                operationId?: (string|null);

                /** Command vendorId */
                vendorId?: (Uint8Array|null);

                /** Command classId */
                classId?: (Uint8Array|null);

                /** Command deviceId */
                deviceId?: (string|null);

                /** Command expiresAt */
                expiresAt?: (number|Long|null);

                /** Command arguments */
                "arguments"?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Command. */
            type $Shape = drover.v1.Command.$Properties;
        }

        /**
         * Properties of a ChunkIndex.
         * @deprecated Use drover.v1.ChunkIndex.$Properties instead.
         */
        interface IChunkIndex extends drover.v1.ChunkIndex.$Properties {
        }

        /** Represents a ChunkIndex. */
        class ChunkIndex {

            /**
             * Constructs a new ChunkIndex.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ChunkIndex.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChunkIndex minimumBytes. */
            minimumBytes: (number|null);

            /** ChunkIndex averageBytes. */
            averageBytes: (number|null);

            /** ChunkIndex maximumBytes. */
            maximumBytes: (number|null);

            /** ChunkIndex imageSize. */
            imageSize: (number|Long|null);

            /** ChunkIndex lengths. */
            lengths: (Uint8Array|null);

            /** ChunkIndex digests. */
            digests: (Uint8Array|null);

            /**
             * Creates a new ChunkIndex instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ChunkIndex instance
             */
            static create(properties: drover.v1.ChunkIndex.$Shape): drover.v1.ChunkIndex & drover.v1.ChunkIndex.$Shape;
            static create(properties?: drover.v1.ChunkIndex.$Properties): drover.v1.ChunkIndex;

            /**
             * Encodes the specified ChunkIndex message. Does not implicitly {@link drover.v1.ChunkIndex.verify|verify} messages.
             * @param message ChunkIndex message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ChunkIndex.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChunkIndex message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ChunkIndex & drover.v1.ChunkIndex.$Shape} ChunkIndex
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ChunkIndex & drover.v1.ChunkIndex.$Shape;

            /**
             * Gets the type url for ChunkIndex
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ChunkIndex {

            /** Properties of a ChunkIndex. */
            interface $Properties {

                /** ChunkIndex minimumBytes */
                minimumBytes?: (number|null);

                /** ChunkIndex averageBytes */
                averageBytes?: (number|null);

                /** ChunkIndex maximumBytes */
                maximumBytes?: (number|null);

                /** ChunkIndex imageSize */
                imageSize?: (number|Long|null);

                /** ChunkIndex lengths */
                lengths?: (Uint8Array|null);

                /** ChunkIndex digests */
                digests?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ChunkIndex. */
            type $Shape = drover.v1.ChunkIndex.$Properties;
        }

        /**
         * Properties of a DeltaMetadata.
         * @deprecated Use drover.v1.DeltaMetadata.$Properties instead.
         */
        interface IDeltaMetadata extends drover.v1.DeltaMetadata.$Properties {
        }

        /** Represents a DeltaMetadata. */
        class DeltaMetadata {

            /**
             * Constructs a new DeltaMetadata.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.DeltaMetadata.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeltaMetadata baseSize. */
            baseSize: (number|Long|null);

            /** DeltaMetadata frameBytesMax. */
            frameBytesMax: (number|null);

            /** DeltaMetadata baseBytesMax. */
            baseBytesMax: (number|null);

            /** DeltaMetadata encodedBytesMax. */
            encodedBytesMax: (number|null);

            /**
             * Creates a new DeltaMetadata instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DeltaMetadata instance
             */
            static create(properties: drover.v1.DeltaMetadata.$Shape): drover.v1.DeltaMetadata & drover.v1.DeltaMetadata.$Shape;
            static create(properties?: drover.v1.DeltaMetadata.$Properties): drover.v1.DeltaMetadata;

            /**
             * Encodes the specified DeltaMetadata message. Does not implicitly {@link drover.v1.DeltaMetadata.verify|verify} messages.
             * @param message DeltaMetadata message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.DeltaMetadata.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeltaMetadata message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.DeltaMetadata & drover.v1.DeltaMetadata.$Shape} DeltaMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.DeltaMetadata & drover.v1.DeltaMetadata.$Shape;

            /**
             * Gets the type url for DeltaMetadata
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DeltaMetadata {

            /** Properties of a DeltaMetadata. */
            interface $Properties {

                /** DeltaMetadata baseSize */
                baseSize?: (number|Long|null);

                /** DeltaMetadata frameBytesMax */
                frameBytesMax?: (number|null);

                /** DeltaMetadata baseBytesMax */
                baseBytesMax?: (number|null);

                /** DeltaMetadata encodedBytesMax */
                encodedBytesMax?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeltaMetadata. */
            type $Shape = drover.v1.DeltaMetadata.$Properties;
        }

        /**
         * Properties of a PackageMetadata.
         * @deprecated Use drover.v1.PackageMetadata.$Properties instead.
         */
        interface IPackageMetadata extends drover.v1.PackageMetadata.$Properties {
        }

        /** Represents a PackageMetadata. */
        class PackageMetadata {

            /**
             * Constructs a new PackageMetadata.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.PackageMetadata.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PackageMetadata descriptorSize. */
            descriptorSize: (number|null);

            /**
             * Creates a new PackageMetadata instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PackageMetadata instance
             */
            static create(properties: drover.v1.PackageMetadata.$Shape): drover.v1.PackageMetadata & drover.v1.PackageMetadata.$Shape;
            static create(properties?: drover.v1.PackageMetadata.$Properties): drover.v1.PackageMetadata;

            /**
             * Encodes the specified PackageMetadata message. Does not implicitly {@link drover.v1.PackageMetadata.verify|verify} messages.
             * @param message PackageMetadata message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.PackageMetadata.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PackageMetadata message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.PackageMetadata & drover.v1.PackageMetadata.$Shape} PackageMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.PackageMetadata & drover.v1.PackageMetadata.$Shape;

            /**
             * Gets the type url for PackageMetadata
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PackageMetadata {

            /** Properties of a PackageMetadata. */
            interface $Properties {

                /** PackageMetadata descriptorSize */
                descriptorSize?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PackageMetadata. */
            type $Shape = drover.v1.PackageMetadata.$Properties;
        }

        /**
         * Properties of a PackageDescriptor.
         * @deprecated Use drover.v1.PackageDescriptor.$Properties instead.
         */
        interface IPackageDescriptor extends drover.v1.PackageDescriptor.$Properties {
        }

        /** Represents a PackageDescriptor. */
        class PackageDescriptor {

            /**
             * Constructs a new PackageDescriptor.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.PackageDescriptor.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PackageDescriptor imageCount. */
            imageCount: (number|null);

            /** PackageDescriptor images. */
            images: drover.v1.PackageImage[];

            /**
             * Creates a new PackageDescriptor instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PackageDescriptor instance
             */
            static create(properties: drover.v1.PackageDescriptor.$Shape): drover.v1.PackageDescriptor & drover.v1.PackageDescriptor.$Shape;
            static create(properties?: drover.v1.PackageDescriptor.$Properties): drover.v1.PackageDescriptor;

            /**
             * Encodes the specified PackageDescriptor message. Does not implicitly {@link drover.v1.PackageDescriptor.verify|verify} messages.
             * @param message PackageDescriptor message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.PackageDescriptor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PackageDescriptor message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.PackageDescriptor & drover.v1.PackageDescriptor.$Shape} PackageDescriptor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.PackageDescriptor & drover.v1.PackageDescriptor.$Shape;

            /**
             * Gets the type url for PackageDescriptor
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PackageDescriptor {

            /** Properties of a PackageDescriptor. */
            interface $Properties {

                /** PackageDescriptor imageCount */
                imageCount?: (number|null);

                /** PackageDescriptor images */
                images?: drover.v1.PackageImage.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PackageDescriptor. */
            type $Shape = drover.v1.PackageDescriptor.$Properties;
        }

        /**
         * Properties of a PackageImage.
         * @deprecated Use drover.v1.PackageImage.$Properties instead.
         */
        interface IPackageImage extends drover.v1.PackageImage.$Properties {
        }

        /** Represents a PackageImage. */
        class PackageImage {

            /**
             * Constructs a new PackageImage.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.PackageImage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PackageImage component. */
            component: (string|null);

            /** PackageImage version. */
            version: (string|null);

            /** PackageImage size. */
            size: (number|Long|null);

            /** PackageImage sha256. */
            sha256: (Uint8Array|null);

            /** PackageImage vendorData. */
            vendorData: (Uint8Array|null);

            /**
             * Creates a new PackageImage instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PackageImage instance
             */
            static create(properties: drover.v1.PackageImage.$Shape): drover.v1.PackageImage & drover.v1.PackageImage.$Shape;
            static create(properties?: drover.v1.PackageImage.$Properties): drover.v1.PackageImage;

            /**
             * Encodes the specified PackageImage message. Does not implicitly {@link drover.v1.PackageImage.verify|verify} messages.
             * @param message PackageImage message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.PackageImage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PackageImage message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.PackageImage & drover.v1.PackageImage.$Shape} PackageImage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.PackageImage & drover.v1.PackageImage.$Shape;

            /**
             * Gets the type url for PackageImage
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PackageImage {

            /** Properties of a PackageImage. */
            interface $Properties {

                /** PackageImage component */
                component?: (string|null);

                /** PackageImage version */
                version?: (string|null);

                /** PackageImage size */
                size?: (number|Long|null);

                /** PackageImage sha256 */
                sha256?: (Uint8Array|null);

                /** PackageImage vendorData */
                vendorData?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PackageImage. */
            type $Shape = drover.v1.PackageImage.$Properties;
        }

        /**
         * Properties of an OfferMessage.
         * @deprecated Use drover.v1.OfferMessage.$Properties instead.
         */
        interface IOfferMessage extends drover.v1.OfferMessage.$Properties {
        }

        /** Represents an OfferMessage. */
        class OfferMessage {

            /**
             * Constructs a new OfferMessage.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.OfferMessage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** OfferMessage offer. */
            offer: (drover.v1.Offer|null);

            /** OfferMessage withdraw. */
            withdraw: (drover.v1.Withdraw|null);

            /** OfferMessage proceed. */
            proceed: (drover.v1.Proceed|null);

            /** OfferMessage join. */
            join: (drover.v1.JoinSession|null);

            /** OfferMessage trust. */
            trust: (drover.v1.TrustUpdate|null);

            /** OfferMessage certificate. */
            certificate: (drover.v1.CertificateAnswer|null);

            /** OfferMessage content. */
            content?: ("offer"|"withdraw"|"proceed"|"join"|"trust"|"certificate");

            /**
             * Creates a new OfferMessage instance using the specified properties.
             * @param [properties] Properties to set
             * @returns OfferMessage instance
             */
            static create(properties: drover.v1.OfferMessage.$Shape): drover.v1.OfferMessage & drover.v1.OfferMessage.$Shape;
            static create(properties?: drover.v1.OfferMessage.$Properties): drover.v1.OfferMessage;

            /**
             * Encodes the specified OfferMessage message. Does not implicitly {@link drover.v1.OfferMessage.verify|verify} messages.
             * @param message OfferMessage message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.OfferMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an OfferMessage message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.OfferMessage & drover.v1.OfferMessage.$Shape} OfferMessage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.OfferMessage & drover.v1.OfferMessage.$Shape;

            /**
             * Gets the type url for OfferMessage
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace OfferMessage {

            /** Properties of an OfferMessage. */
            interface $Properties {

                /** OfferMessage offer */
                offer?: (drover.v1.Offer.$Properties|null);

                /** OfferMessage withdraw */
                withdraw?: (drover.v1.Withdraw.$Properties|null);

                /** OfferMessage proceed */
                proceed?: (drover.v1.Proceed.$Properties|null);

                /** OfferMessage join */
                join?: (drover.v1.JoinSession.$Properties|null);

                /** OfferMessage trust */
                trust?: (drover.v1.TrustUpdate.$Properties|null);

                /** OfferMessage certificate */
                certificate?: (drover.v1.CertificateAnswer.$Properties|null);

                /** OfferMessage content */
                content?: ("offer"|"withdraw"|"proceed"|"join"|"trust"|"certificate");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an OfferMessage. */
            type $Shape = {
              offer?: drover.v1.Offer.$Shape|null;
              withdraw?: drover.v1.Withdraw.$Shape|null;
              proceed?: drover.v1.Proceed.$Shape|null;
              join?: drover.v1.JoinSession.$Shape|null;
              trust?: drover.v1.TrustUpdate.$Shape|null;
              certificate?: drover.v1.CertificateAnswer.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ content?: undefined; offer?: null; withdraw?: null; proceed?: null; join?: null; trust?: null; certificate?: null }|{ content?: "offer"; offer: drover.v1.Offer.$Shape; withdraw?: null; proceed?: null; join?: null; trust?: null; certificate?: null }|{ content?: "withdraw"; offer?: null; withdraw: drover.v1.Withdraw.$Shape; proceed?: null; join?: null; trust?: null; certificate?: null }|{ content?: "proceed"; offer?: null; withdraw?: null; proceed: drover.v1.Proceed.$Shape; join?: null; trust?: null; certificate?: null }|{ content?: "join"; offer?: null; withdraw?: null; proceed?: null; join: drover.v1.JoinSession.$Shape; trust?: null; certificate?: null }|{ content?: "trust"; offer?: null; withdraw?: null; proceed?: null; join?: null; trust: drover.v1.TrustUpdate.$Shape; certificate?: null }|{ content?: "certificate"; offer?: null; withdraw?: null; proceed?: null; join?: null; trust?: null; certificate: drover.v1.CertificateAnswer.$Shape })
            );
        }

        /**
         * Properties of a TrustUpdate.
         * @deprecated Use drover.v1.TrustUpdate.$Properties instead.
         */
        interface ITrustUpdate extends drover.v1.TrustUpdate.$Properties {
        }

        /** Represents a TrustUpdate. */
        class TrustUpdate {

            /**
             * Constructs a new TrustUpdate.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.TrustUpdate.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TrustUpdate document. */
            document: (Uint8Array|null);

            /**
             * Creates a new TrustUpdate instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TrustUpdate instance
             */
            static create(properties: drover.v1.TrustUpdate.$Shape): drover.v1.TrustUpdate & drover.v1.TrustUpdate.$Shape;
            static create(properties?: drover.v1.TrustUpdate.$Properties): drover.v1.TrustUpdate;

            /**
             * Encodes the specified TrustUpdate message. Does not implicitly {@link drover.v1.TrustUpdate.verify|verify} messages.
             * @param message TrustUpdate message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.TrustUpdate.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TrustUpdate message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.TrustUpdate & drover.v1.TrustUpdate.$Shape} TrustUpdate
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.TrustUpdate & drover.v1.TrustUpdate.$Shape;

            /**
             * Gets the type url for TrustUpdate
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TrustUpdate {

            /** Properties of a TrustUpdate. */
            interface $Properties {

                /** TrustUpdate document */
                document?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TrustUpdate. */
            type $Shape = drover.v1.TrustUpdate.$Properties;
        }

        /**
         * Properties of a CertificateAnswer.
         * @deprecated Use drover.v1.CertificateAnswer.$Properties instead.
         */
        interface ICertificateAnswer extends drover.v1.CertificateAnswer.$Properties {
        }

        /** Represents a CertificateAnswer. */
        class CertificateAnswer {

            /**
             * Constructs a new CertificateAnswer.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.CertificateAnswer.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CertificateAnswer certificate. */
            certificate: (Uint8Array|null);

            /** CertificateAnswer refusal. */
            refusal: (string|null);

            /** CertificateAnswer retryAfterSeconds. */
            retryAfterSeconds: (number|null);

            /**
             * Creates a new CertificateAnswer instance using the specified properties.
             * @param [properties] Properties to set
             * @returns CertificateAnswer instance
             */
            static create(properties: drover.v1.CertificateAnswer.$Shape): drover.v1.CertificateAnswer & drover.v1.CertificateAnswer.$Shape;
            static create(properties?: drover.v1.CertificateAnswer.$Properties): drover.v1.CertificateAnswer;

            /**
             * Encodes the specified CertificateAnswer message. Does not implicitly {@link drover.v1.CertificateAnswer.verify|verify} messages.
             * @param message CertificateAnswer message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.CertificateAnswer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CertificateAnswer message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.CertificateAnswer & drover.v1.CertificateAnswer.$Shape} CertificateAnswer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.CertificateAnswer & drover.v1.CertificateAnswer.$Shape;

            /**
             * Gets the type url for CertificateAnswer
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace CertificateAnswer {

            /** Properties of a CertificateAnswer. */
            interface $Properties {

                /** CertificateAnswer certificate */
                certificate?: (Uint8Array|null);

                /** CertificateAnswer refusal */
                refusal?: (string|null);

                /** CertificateAnswer retryAfterSeconds */
                retryAfterSeconds?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CertificateAnswer. */
            type $Shape = drover.v1.CertificateAnswer.$Properties;
        }

        /**
         * Properties of an Offer.
         * @deprecated Use drover.v1.Offer.$Properties instead.
         */
        interface IOffer extends drover.v1.Offer.$Properties {
        }

        /** Represents an Offer. */
        class Offer {

            /**
             * Constructs a new Offer.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Offer.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Offer operationId. */
            operationId: (string|null);

            /** Offer lease. */
            lease: (number|Long|null);

            /** Offer attempt. */
            attempt: (number|null);

            /** Offer envelope. */
            envelope: (Uint8Array|null);

            /** Offer operationType. */
            operationType: (string|null);

            /** Offer installHold. */
            installHold: (boolean|null);

            /** Offer logWanted. */
            logWanted: (boolean|null);

            /** Offer patch. */
            patch: (drover.v1.PatchTransport|null);

            /** Offer time. */
            time: (Uint8Array|null);

            /** Offer reportNonce. */
            reportNonce: (Uint8Array|null);

            /**
             * Creates a new Offer instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Offer instance
             */
            static create(properties: drover.v1.Offer.$Shape): drover.v1.Offer & drover.v1.Offer.$Shape;
            static create(properties?: drover.v1.Offer.$Properties): drover.v1.Offer;

            /**
             * Encodes the specified Offer message. Does not implicitly {@link drover.v1.Offer.verify|verify} messages.
             * @param message Offer message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Offer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Offer message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Offer & drover.v1.Offer.$Shape} Offer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Offer & drover.v1.Offer.$Shape;

            /**
             * Gets the type url for Offer
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Offer {

            /** Properties of an Offer. */
            interface $Properties {

                /** Offer operationId */
                operationId?: (string|null);

                /** Offer lease */
                lease?: (number|Long|null);

                /** Offer attempt */
                attempt?: (number|null);

                /** Offer envelope */
                envelope?: (Uint8Array|null);

                /** Offer operationType */
                operationType?: (string|null);

                /** Offer installHold */
                installHold?: (boolean|null);

                /** Offer logWanted */
                logWanted?: (boolean|null);

                /** Offer patch */
                patch?: (drover.v1.PatchTransport.$Properties|null);

                /** Offer time */
                time?: (Uint8Array|null);

                /** Offer reportNonce */
                reportNonce?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Offer. */
            type $Shape = drover.v1.Offer.$Properties;
        }

        /**
         * Properties of a PatchTransport.
         * @deprecated Use drover.v1.PatchTransport.$Properties instead.
         */
        interface IPatchTransport extends drover.v1.PatchTransport.$Properties {
        }

        /** Represents a PatchTransport. */
        class PatchTransport {

            /**
             * Constructs a new PatchTransport.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.PatchTransport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PatchTransport baseSha256. */
            baseSha256: (Uint8Array|null);

            /** PatchTransport patchSize. */
            patchSize: (number|null);

            /** PatchTransport metadata. */
            metadata: (drover.v1.DeltaMetadata|null);

            /**
             * Creates a new PatchTransport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PatchTransport instance
             */
            static create(properties: drover.v1.PatchTransport.$Shape): drover.v1.PatchTransport & drover.v1.PatchTransport.$Shape;
            static create(properties?: drover.v1.PatchTransport.$Properties): drover.v1.PatchTransport;

            /**
             * Encodes the specified PatchTransport message. Does not implicitly {@link drover.v1.PatchTransport.verify|verify} messages.
             * @param message PatchTransport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.PatchTransport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PatchTransport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.PatchTransport & drover.v1.PatchTransport.$Shape} PatchTransport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.PatchTransport & drover.v1.PatchTransport.$Shape;

            /**
             * Gets the type url for PatchTransport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PatchTransport {

            /** Properties of a PatchTransport. */
            interface $Properties {

                /** PatchTransport baseSha256 */
                baseSha256?: (Uint8Array|null);

                /** PatchTransport patchSize */
                patchSize?: (number|null);

                /** PatchTransport metadata */
                metadata?: (drover.v1.DeltaMetadata.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PatchTransport. */
            type $Shape = drover.v1.PatchTransport.$Properties;
        }

        /**
         * Properties of a Withdraw.
         * @deprecated Use drover.v1.Withdraw.$Properties instead.
         */
        interface IWithdraw extends drover.v1.Withdraw.$Properties {
        }

        /** Represents a Withdraw. */
        class Withdraw {

            /**
             * Constructs a new Withdraw.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Withdraw.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Withdraw operationId. */
            operationId: (string|null);

            /** Withdraw lease. */
            lease: (number|Long|null);

            /** Withdraw reason. */
            reason: (string|null);

            /**
             * Creates a new Withdraw instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Withdraw instance
             */
            static create(properties: drover.v1.Withdraw.$Shape): drover.v1.Withdraw & drover.v1.Withdraw.$Shape;
            static create(properties?: drover.v1.Withdraw.$Properties): drover.v1.Withdraw;

            /**
             * Encodes the specified Withdraw message. Does not implicitly {@link drover.v1.Withdraw.verify|verify} messages.
             * @param message Withdraw message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Withdraw.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Withdraw message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Withdraw & drover.v1.Withdraw.$Shape} Withdraw
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Withdraw & drover.v1.Withdraw.$Shape;

            /**
             * Gets the type url for Withdraw
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Withdraw {

            /** Properties of a Withdraw. */
            interface $Properties {

                /** Withdraw operationId */
                operationId?: (string|null);

                /** Withdraw lease */
                lease?: (number|Long|null);

                /** Withdraw reason */
                reason?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Withdraw. */
            type $Shape = drover.v1.Withdraw.$Properties;
        }

        /**
         * Properties of a Proceed.
         * @deprecated Use drover.v1.Proceed.$Properties instead.
         */
        interface IProceed extends drover.v1.Proceed.$Properties {
        }

        /** Represents a Proceed. */
        class Proceed {

            /**
             * Constructs a new Proceed.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Proceed.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Proceed operationId. */
            operationId: (string|null);

            /** Proceed lease. */
            lease: (number|Long|null);

            /** Proceed attempt. */
            attempt: (number|null);

            /**
             * Creates a new Proceed instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Proceed instance
             */
            static create(properties: drover.v1.Proceed.$Shape): drover.v1.Proceed & drover.v1.Proceed.$Shape;
            static create(properties?: drover.v1.Proceed.$Properties): drover.v1.Proceed;

            /**
             * Encodes the specified Proceed message. Does not implicitly {@link drover.v1.Proceed.verify|verify} messages.
             * @param message Proceed message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Proceed.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Proceed message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Proceed & drover.v1.Proceed.$Shape} Proceed
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Proceed & drover.v1.Proceed.$Shape;

            /**
             * Gets the type url for Proceed
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Proceed {

            /** Properties of a Proceed. */
            interface $Properties {

                /** Proceed operationId */
                operationId?: (string|null);

                /** Proceed lease */
                lease?: (number|Long|null);

                /** Proceed attempt */
                attempt?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Proceed. */
            type $Shape = drover.v1.Proceed.$Properties;
        }

        /**
         * Properties of a JoinSession.
         * @deprecated Use drover.v1.JoinSession.$Properties instead.
         */
        interface IJoinSession extends drover.v1.JoinSession.$Properties {
        }

        /** Represents a JoinSession. */
        class JoinSession {

            /**
             * Constructs a new JoinSession.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.JoinSession.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** JoinSession operationId. */
            operationId: (string|null);

            /** JoinSession lease. */
            lease: (number|Long|null);

            /** JoinSession attempt. */
            attempt: (number|null);

            /** JoinSession session. */
            session: (string|null);

            /**
             * Creates a new JoinSession instance using the specified properties.
             * @param [properties] Properties to set
             * @returns JoinSession instance
             */
            static create(properties: drover.v1.JoinSession.$Shape): drover.v1.JoinSession & drover.v1.JoinSession.$Shape;
            static create(properties?: drover.v1.JoinSession.$Properties): drover.v1.JoinSession;

            /**
             * Encodes the specified JoinSession message. Does not implicitly {@link drover.v1.JoinSession.verify|verify} messages.
             * @param message JoinSession message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.JoinSession.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a JoinSession message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.JoinSession & drover.v1.JoinSession.$Shape} JoinSession
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.JoinSession & drover.v1.JoinSession.$Shape;

            /**
             * Gets the type url for JoinSession
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace JoinSession {

            /** Properties of a JoinSession. */
            interface $Properties {

                /** JoinSession operationId */
                operationId?: (string|null);

                /** JoinSession lease */
                lease?: (number|Long|null);

                /** JoinSession attempt */
                attempt?: (number|null);

                /** JoinSession session */
                session?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a JoinSession. */
            type $Shape = drover.v1.JoinSession.$Properties;
        }

        /** SessionAction enum. */
        enum SessionAction {

            /** SESSION_ACTION_UNSPECIFIED value */
            SESSION_ACTION_UNSPECIFIED = 0,

            /** SESSION_ACTION_START value */
            SESSION_ACTION_START = 1,

            /** SESSION_ACTION_END value */
            SESSION_ACTION_END = 2,

            /** SESSION_ACTION_ACTIVATE value */
            SESSION_ACTION_ACTIVATE = 3,

            /** SESSION_ACTION_ABORT value */
            SESSION_ACTION_ABORT = 4
        }

        /**
         * Properties of a SessionControl.
         * @deprecated Use drover.v1.SessionControl.$Properties instead.
         */
        interface ISessionControl extends drover.v1.SessionControl.$Properties {
        }

        /** Represents a SessionControl. */
        class SessionControl {

            /**
             * Constructs a new SessionControl.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.SessionControl.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SessionControl artifactSha256. */
            artifactSha256: (Uint8Array|null);

            /** SessionControl action. */
            action: (drover.v1.SessionAction|null);

            /** SessionControl reason. */
            reason: (string|null);

            /**
             * Creates a new SessionControl instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SessionControl instance
             */
            static create(properties: drover.v1.SessionControl.$Shape): drover.v1.SessionControl & drover.v1.SessionControl.$Shape;
            static create(properties?: drover.v1.SessionControl.$Properties): drover.v1.SessionControl;

            /**
             * Encodes the specified SessionControl message. Does not implicitly {@link drover.v1.SessionControl.verify|verify} messages.
             * @param message SessionControl message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.SessionControl.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SessionControl message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.SessionControl & drover.v1.SessionControl.$Shape} SessionControl
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.SessionControl & drover.v1.SessionControl.$Shape;

            /**
             * Gets the type url for SessionControl
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SessionControl {

            /** Properties of a SessionControl. */
            interface $Properties {

                /** SessionControl artifactSha256 */
                artifactSha256?: (Uint8Array|null);

                /** SessionControl action */
                action?: (drover.v1.SessionAction|null);

                /** SessionControl reason */
                reason?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SessionControl. */
            type $Shape = drover.v1.SessionControl.$Properties;
        }

        /**
         * Properties of a SessionData.
         * @deprecated Use drover.v1.SessionData.$Properties instead.
         */
        interface ISessionData extends drover.v1.SessionData.$Properties {
        }

        /** Represents a SessionData. */
        class SessionData {

            /**
             * Constructs a new SessionData.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.SessionData.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SessionData piece. */
            piece: (drover.v1.ChunkPiece|null);

            /**
             * Creates a new SessionData instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SessionData instance
             */
            static create(properties: drover.v1.SessionData.$Shape): drover.v1.SessionData & drover.v1.SessionData.$Shape;
            static create(properties?: drover.v1.SessionData.$Properties): drover.v1.SessionData;

            /**
             * Encodes the specified SessionData message. Does not implicitly {@link drover.v1.SessionData.verify|verify} messages.
             * @param message SessionData message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.SessionData.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SessionData message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.SessionData & drover.v1.SessionData.$Shape} SessionData
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.SessionData & drover.v1.SessionData.$Shape;

            /**
             * Gets the type url for SessionData
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SessionData {

            /** Properties of a SessionData. */
            interface $Properties {

                /** SessionData piece */
                piece?: (drover.v1.ChunkPiece.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SessionData. */
            type $Shape = drover.v1.SessionData.$Properties;
        }

        /** ChunkEncoding enum. */
        enum ChunkEncoding {

            /** CHUNK_ENCODING_UNSPECIFIED value */
            CHUNK_ENCODING_UNSPECIFIED = 0,

            /** CHUNK_ENCODING_PLAIN value */
            CHUNK_ENCODING_PLAIN = 1,

            /** CHUNK_ENCODING_DEFLATE value */
            CHUNK_ENCODING_DEFLATE = 2
        }

        /**
         * Properties of a ChunkData.
         * @deprecated Use drover.v1.ChunkData.$Properties instead.
         */
        interface IChunkData extends drover.v1.ChunkData.$Properties {
        }

        /** Represents a ChunkData. */
        class ChunkData {

            /**
             * Constructs a new ChunkData.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ChunkData.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChunkData requestNumber. */
            requestNumber: (number|null);

            /** ChunkData piece. */
            piece: (drover.v1.ChunkPiece|null);

            /** ChunkData refusal. */
            refusal: (drover.v1.ChunkRefusal|null);

            /** ChunkData content. */
            content?: ("piece"|"refusal");

            /**
             * Creates a new ChunkData instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ChunkData instance
             */
            static create(properties: drover.v1.ChunkData.$Shape): drover.v1.ChunkData & drover.v1.ChunkData.$Shape;
            static create(properties?: drover.v1.ChunkData.$Properties): drover.v1.ChunkData;

            /**
             * Encodes the specified ChunkData message. Does not implicitly {@link drover.v1.ChunkData.verify|verify} messages.
             * @param message ChunkData message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ChunkData.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChunkData message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ChunkData & drover.v1.ChunkData.$Shape} ChunkData
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ChunkData & drover.v1.ChunkData.$Shape;

            /**
             * Gets the type url for ChunkData
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ChunkData {

            /** Properties of a ChunkData. */
            interface $Properties {

                /** ChunkData requestNumber */
                requestNumber?: (number|null);

                /** ChunkData piece */
                piece?: (drover.v1.ChunkPiece.$Properties|null);

                /** ChunkData refusal */
                refusal?: (drover.v1.ChunkRefusal.$Properties|null);

                /** ChunkData content */
                content?: ("piece"|"refusal");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a ChunkData. */
            type $Shape = {
              requestNumber?: number|null;
              piece?: drover.v1.ChunkPiece.$Shape|null;
              refusal?: drover.v1.ChunkRefusal.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ content?: undefined; piece?: null; refusal?: null }|{ content?: "piece"; piece: drover.v1.ChunkPiece.$Shape; refusal?: null }|{ content?: "refusal"; piece?: null; refusal: drover.v1.ChunkRefusal.$Shape })
            );
        }

        /**
         * Properties of a ChunkPiece.
         * @deprecated Use drover.v1.ChunkPiece.$Properties instead.
         */
        interface IChunkPiece extends drover.v1.ChunkPiece.$Properties {
        }

        /** Represents a ChunkPiece. */
        class ChunkPiece {

            /**
             * Constructs a new ChunkPiece.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ChunkPiece.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChunkPiece chunk. */
            chunk: (number|null);

            /** ChunkPiece encoding. */
            encoding: (drover.v1.ChunkEncoding|null);

            /** ChunkPiece encodedSize. */
            encodedSize: (number|null);

            /** ChunkPiece offset. */
            offset: (number|null);

            /** ChunkPiece data. */
            data: (Uint8Array|null);

            /**
             * Creates a new ChunkPiece instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ChunkPiece instance
             */
            static create(properties: drover.v1.ChunkPiece.$Shape): drover.v1.ChunkPiece & drover.v1.ChunkPiece.$Shape;
            static create(properties?: drover.v1.ChunkPiece.$Properties): drover.v1.ChunkPiece;

            /**
             * Encodes the specified ChunkPiece message. Does not implicitly {@link drover.v1.ChunkPiece.verify|verify} messages.
             * @param message ChunkPiece message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ChunkPiece.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChunkPiece message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ChunkPiece & drover.v1.ChunkPiece.$Shape} ChunkPiece
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ChunkPiece & drover.v1.ChunkPiece.$Shape;

            /**
             * Gets the type url for ChunkPiece
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ChunkPiece {

            /** Properties of a ChunkPiece. */
            interface $Properties {

                /** ChunkPiece chunk */
                chunk?: (number|null);

                /** ChunkPiece encoding */
                encoding?: (drover.v1.ChunkEncoding|null);

                /** ChunkPiece encodedSize */
                encodedSize?: (number|null);

                /** ChunkPiece offset */
                offset?: (number|null);

                /** ChunkPiece data */
                data?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ChunkPiece. */
            type $Shape = drover.v1.ChunkPiece.$Properties;
        }

        /** RefusalReason enum. */
        enum RefusalReason {

            /** REFUSAL_REASON_UNSPECIFIED value */
            REFUSAL_REASON_UNSPECIFIED = 0,

            /** REFUSAL_REASON_NO_SUCH_CHUNK value */
            REFUSAL_REASON_NO_SUCH_CHUNK = 1,

            /** REFUSAL_REASON_NO_RIGHT value */
            REFUSAL_REASON_NO_RIGHT = 2,

            /** REFUSAL_REASON_BUSY value */
            REFUSAL_REASON_BUSY = 3
        }

        /**
         * Properties of a ChunkRefusal.
         * @deprecated Use drover.v1.ChunkRefusal.$Properties instead.
         */
        interface IChunkRefusal extends drover.v1.ChunkRefusal.$Properties {
        }

        /** Represents a ChunkRefusal. */
        class ChunkRefusal {

            /**
             * Constructs a new ChunkRefusal.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ChunkRefusal.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChunkRefusal reason. */
            reason: (drover.v1.RefusalReason|null);

            /** ChunkRefusal chunk. */
            chunk: (number|null);

            /** ChunkRefusal retryAfterMs. */
            retryAfterMs: (number|null);

            /**
             * Creates a new ChunkRefusal instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ChunkRefusal instance
             */
            static create(properties: drover.v1.ChunkRefusal.$Shape): drover.v1.ChunkRefusal & drover.v1.ChunkRefusal.$Shape;
            static create(properties?: drover.v1.ChunkRefusal.$Properties): drover.v1.ChunkRefusal;

            /**
             * Encodes the specified ChunkRefusal message. Does not implicitly {@link drover.v1.ChunkRefusal.verify|verify} messages.
             * @param message ChunkRefusal message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ChunkRefusal.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChunkRefusal message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ChunkRefusal & drover.v1.ChunkRefusal.$Shape} ChunkRefusal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ChunkRefusal & drover.v1.ChunkRefusal.$Shape;

            /**
             * Gets the type url for ChunkRefusal
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ChunkRefusal {

            /** Properties of a ChunkRefusal. */
            interface $Properties {

                /** ChunkRefusal reason */
                reason?: (drover.v1.RefusalReason|null);

                /** ChunkRefusal chunk */
                chunk?: (number|null);

                /** ChunkRefusal retryAfterMs */
                retryAfterMs?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ChunkRefusal. */
            type $Shape = drover.v1.ChunkRefusal.$Properties;
        }

        /**
         * Properties of a Hello.
         * @deprecated Use drover.v1.Hello.$Properties instead.
         */
        interface IHello extends drover.v1.Hello.$Properties {
        }

        /** Represents a Hello. */
        class Hello {

            /**
             * Constructs a new Hello.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Hello.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Hello protocolVersion. */
            protocolVersion: (number|null);

            /** Hello vendorId. */
            vendorId: (Uint8Array|null);

            /** Hello classId. */
            classId: (Uint8Array|null);

            /** Hello bootId. */
            bootId: (Uint8Array|null);

            /** Hello journalId. */
            journalId: (Uint8Array|null);

            /** Hello components. */
            components: drover.v1.ComponentReport[];

            /** Hello outboxEventCount. */
            outboxEventCount: (number|null);

            /** Hello outboxLastEventNumber. */
            outboxLastEventNumber: (number|Long|null);

            /** Hello packetBytesMax. */
            packetBytesMax: (number|null);

            /** Hello agentVersion. */
            agentVersion: (string|null);

            /** Hello operationId. */
            operationId: (string|null);

            /** Hello patchMemoryBytes. */
            patchMemoryBytes: (number|null);

            /** Hello trustVersion. */
            trustVersion: (number|null);

            /** Hello reportKey. */
            reportKey: (Uint8Array|null);

            /** Hello report. */
            report: (Uint8Array|null);

            /**
             * Creates a new Hello instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Hello instance
             */
            static create(properties: drover.v1.Hello.$Shape): drover.v1.Hello & drover.v1.Hello.$Shape;
            static create(properties?: drover.v1.Hello.$Properties): drover.v1.Hello;

            /**
             * Encodes the specified Hello message. Does not implicitly {@link drover.v1.Hello.verify|verify} messages.
             * @param message Hello message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Hello message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Hello & drover.v1.Hello.$Shape} Hello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Hello & drover.v1.Hello.$Shape;

            /**
             * Gets the type url for Hello
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Hello {

            /** Properties of a Hello. */
            interface $Properties {

                /** Hello protocolVersion */
                protocolVersion?: (number|null);

                /** Hello vendorId */
                vendorId?: (Uint8Array|null);

                /** Hello classId */
                classId?: (Uint8Array|null);

                /** Hello bootId */
                bootId?: (Uint8Array|null);

                /** Hello journalId */
                journalId?: (Uint8Array|null);

                /** Hello components */
                components?: drover.v1.ComponentReport.$Properties[];

                /** Hello outboxEventCount */
                outboxEventCount?: (number|null);

                /** Hello outboxLastEventNumber */
                outboxLastEventNumber?: (number|Long|null);

                /** Hello packetBytesMax */
                packetBytesMax?: (number|null);

                /** Hello agentVersion */
                agentVersion?: (string|null);

                /** Hello operationId */
                operationId?: (string|null);

                /** Hello patchMemoryBytes */
                patchMemoryBytes?: (number|null);

                /** Hello trustVersion */
                trustVersion?: (number|null);

                /** Hello reportKey */
                reportKey?: (Uint8Array|null);

                /** Hello report */
                report?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Hello. */
            type $Shape = drover.v1.Hello.$Properties;
        }

        /**
         * Properties of a ComponentReport.
         * @deprecated Use drover.v1.ComponentReport.$Properties instead.
         */
        interface IComponentReport extends drover.v1.ComponentReport.$Properties {
        }

        /** Represents a ComponentReport. */
        class ComponentReport {

            /**
             * Constructs a new ComponentReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ComponentReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ComponentReport name. */
            name: (string|null);

            /** ComponentReport version. */
            version: (string|null);

            /** ComponentReport digest. */
            digest: (Uint8Array|null);

            /**
             * Creates a new ComponentReport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ComponentReport instance
             */
            static create(properties: drover.v1.ComponentReport.$Shape): drover.v1.ComponentReport & drover.v1.ComponentReport.$Shape;
            static create(properties?: drover.v1.ComponentReport.$Properties): drover.v1.ComponentReport;

            /**
             * Encodes the specified ComponentReport message. Does not implicitly {@link drover.v1.ComponentReport.verify|verify} messages.
             * @param message ComponentReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ComponentReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ComponentReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ComponentReport & drover.v1.ComponentReport.$Shape} ComponentReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ComponentReport & drover.v1.ComponentReport.$Shape;

            /**
             * Gets the type url for ComponentReport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ComponentReport {

            /** Properties of a ComponentReport. */
            interface $Properties {

                /** ComponentReport name */
                name?: (string|null);

                /** ComponentReport version */
                version?: (string|null);

                /** ComponentReport digest */
                digest?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ComponentReport. */
            type $Shape = drover.v1.ComponentReport.$Properties;
        }

        /**
         * Properties of a CertificateRequest.
         * @deprecated Use drover.v1.CertificateRequest.$Properties instead.
         */
        interface ICertificateRequest extends drover.v1.CertificateRequest.$Properties {
        }

        /** Represents a CertificateRequest. */
        class CertificateRequest {

            /**
             * Constructs a new CertificateRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.CertificateRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CertificateRequest csr. */
            csr: (Uint8Array|null);

            /**
             * Creates a new CertificateRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns CertificateRequest instance
             */
            static create(properties: drover.v1.CertificateRequest.$Shape): drover.v1.CertificateRequest & drover.v1.CertificateRequest.$Shape;
            static create(properties?: drover.v1.CertificateRequest.$Properties): drover.v1.CertificateRequest;

            /**
             * Encodes the specified CertificateRequest message. Does not implicitly {@link drover.v1.CertificateRequest.verify|verify} messages.
             * @param message CertificateRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.CertificateRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CertificateRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.CertificateRequest & drover.v1.CertificateRequest.$Shape} CertificateRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.CertificateRequest & drover.v1.CertificateRequest.$Shape;

            /**
             * Gets the type url for CertificateRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace CertificateRequest {

            /** Properties of a CertificateRequest. */
            interface $Properties {

                /** CertificateRequest csr */
                csr?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CertificateRequest. */
            type $Shape = drover.v1.CertificateRequest.$Properties;
        }

        /** Step enum. */
        enum Step {

            /** STEP_UNSPECIFIED value */
            STEP_UNSPECIFIED = 0,

            /** STEP_OFFERED value */
            STEP_OFFERED = 1,

            /** STEP_DOWNLOADING value */
            STEP_DOWNLOADING = 2,

            /** STEP_VERIFYING value */
            STEP_VERIFYING = 3,

            /** STEP_AWAITING_INSTALL value */
            STEP_AWAITING_INSTALL = 4,

            /** STEP_INSTALLING value */
            STEP_INSTALLING = 5,

            /** STEP_REBOOTING value */
            STEP_REBOOTING = 6,

            /** STEP_CONFIRMING value */
            STEP_CONFIRMING = 7,

            /** STEP_WITHDRAWN value */
            STEP_WITHDRAWN = 8,

            /** STEP_DONE value */
            STEP_DONE = 9,

            /** STEP_FAILED value */
            STEP_FAILED = 10
        }

        /**
         * Properties of an Event.
         * @deprecated Use drover.v1.Event.$Properties instead.
         */
        interface IEvent extends drover.v1.Event.$Properties {
        }

        /** Represents an Event. */
        class Event {

            /**
             * Constructs a new Event.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Event.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Event journalId. */
            journalId: (Uint8Array|null);

            /** Event eventNumber. */
            eventNumber: (number|Long|null);

            /** Event operationId. */
            operationId: (string|null);

            /** Event attempt. */
            attempt: (number|null);

            /** Event deviceTime. */
            deviceTime: (number|Long|null);

            /** Event code. */
            code: (string|null);

            /** Event step. */
            step: (drover.v1.Step|null);

            /** Event component. */
            component: (string|null);

            /** Event version. */
            version: (string|null);

            /** Event digest. */
            digest: (Uint8Array|null);

            /** Event data. */
            data: drover.v1.EventData[];

            /** Event report. */
            report: (Uint8Array|null);

            /** Event content. */
            content?: ("code"|"step");

            /**
             * Creates a new Event instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Event instance
             */
            static create(properties: drover.v1.Event.$Shape): drover.v1.Event & drover.v1.Event.$Shape;
            static create(properties?: drover.v1.Event.$Properties): drover.v1.Event;

            /**
             * Encodes the specified Event message. Does not implicitly {@link drover.v1.Event.verify|verify} messages.
             * @param message Event message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Event.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Event message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Event & drover.v1.Event.$Shape} Event
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Event & drover.v1.Event.$Shape;

            /**
             * Gets the type url for Event
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Event {

            /** Properties of an Event. */
            interface $Properties {

                /** Event journalId */
                journalId?: (Uint8Array|null);

                /** Event eventNumber */
                eventNumber?: (number|Long|null);

                /** Event operationId */
                operationId?: (string|null);

                /** Event attempt */
                attempt?: (number|null);

                /** Event deviceTime */
                deviceTime?: (number|Long|null);

                /** Event code */
                code?: (string|null);

                /** Event step */
                step?: (drover.v1.Step|null);

                /** Event component */
                component?: (string|null);

                /** Event version */
                version?: (string|null);

                /** Event digest */
                digest?: (Uint8Array|null);

                /** Event data */
                data?: drover.v1.EventData.$Properties[];

                /** Event report */
                report?: (Uint8Array|null);

                /** Event content */
                content?: ("code"|"step");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an Event. */
            type $Shape = {
              journalId?: Uint8Array|null;
              eventNumber?: number|Long|null;
              operationId?: string|null;
              attempt?: number|null;
              deviceTime?: number|Long|null;
              code?: string|null;
              step?: drover.v1.Step|null;
              component?: string|null;
              version?: string|null;
              digest?: Uint8Array|null;
              data?: drover.v1.EventData.$Shape[];
              report?: Uint8Array|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ content?: undefined; code?: null; step?: null }|{ content?: "code"; code: string; step?: null }|{ content?: "step"; code?: null; step: drover.v1.Step })
            );
        }

        /**
         * Properties of an EventData.
         * @deprecated Use drover.v1.EventData.$Properties instead.
         */
        interface IEventData extends drover.v1.EventData.$Properties {
        }

        /** Represents an EventData. */
        class EventData {

            /**
             * Constructs a new EventData.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.EventData.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** EventData name. */
            name: (string|null);

            /** EventData value. */
            value: (string|null);

            /**
             * Creates a new EventData instance using the specified properties.
             * @param [properties] Properties to set
             * @returns EventData instance
             */
            static create(properties: drover.v1.EventData.$Shape): drover.v1.EventData & drover.v1.EventData.$Shape;
            static create(properties?: drover.v1.EventData.$Properties): drover.v1.EventData;

            /**
             * Encodes the specified EventData message. Does not implicitly {@link drover.v1.EventData.verify|verify} messages.
             * @param message EventData message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.EventData.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an EventData message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.EventData & drover.v1.EventData.$Shape} EventData
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.EventData & drover.v1.EventData.$Shape;

            /**
             * Gets the type url for EventData
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace EventData {

            /** Properties of an EventData. */
            interface $Properties {

                /** EventData name */
                name?: (string|null);

                /** EventData value */
                value?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an EventData. */
            type $Shape = drover.v1.EventData.$Properties;
        }

        /**
         * Properties of a Progress.
         * @deprecated Use drover.v1.Progress.$Properties instead.
         */
        interface IProgress extends drover.v1.Progress.$Properties {
        }

        /** Represents a Progress. */
        class Progress {

            /**
             * Constructs a new Progress.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Progress.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Progress operationId. */
            operationId: (string|null);

            /** Progress attempt. */
            attempt: (number|null);

            /** Progress step. */
            step: (drover.v1.Step|null);

            /** Progress imageBytes. */
            imageBytes: (number|Long|null);

            /** Progress heldBytes. */
            heldBytes: (number|Long|null);

            /** Progress receivedBytes. */
            receivedBytes: (number|Long|null);

            /** Progress wireBytes. */
            wireBytes: (number|Long|null);

            /** Progress refusedOperationId. */
            refusedOperationId: (string|null);

            /** Progress patchBytes. */
            patchBytes: (number|Long|null);

            /** Progress patchWireBytes. */
            patchWireBytes: (number|Long|null);

            /** Progress broadcastBytes. */
            broadcastBytes: (number|Long|null);

            /**
             * Creates a new Progress instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Progress instance
             */
            static create(properties: drover.v1.Progress.$Shape): drover.v1.Progress & drover.v1.Progress.$Shape;
            static create(properties?: drover.v1.Progress.$Properties): drover.v1.Progress;

            /**
             * Encodes the specified Progress message. Does not implicitly {@link drover.v1.Progress.verify|verify} messages.
             * @param message Progress message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Progress.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Progress message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Progress & drover.v1.Progress.$Shape} Progress
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Progress & drover.v1.Progress.$Shape;

            /**
             * Gets the type url for Progress
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Progress {

            /** Properties of a Progress. */
            interface $Properties {

                /** Progress operationId */
                operationId?: (string|null);

                /** Progress attempt */
                attempt?: (number|null);

                /** Progress step */
                step?: (drover.v1.Step|null);

                /** Progress imageBytes */
                imageBytes?: (number|Long|null);

                /** Progress heldBytes */
                heldBytes?: (number|Long|null);

                /** Progress receivedBytes */
                receivedBytes?: (number|Long|null);

                /** Progress wireBytes */
                wireBytes?: (number|Long|null);

                /** Progress refusedOperationId */
                refusedOperationId?: (string|null);

                /** Progress patchBytes */
                patchBytes?: (number|Long|null);

                /** Progress patchWireBytes */
                patchWireBytes?: (number|Long|null);

                /** Progress broadcastBytes */
                broadcastBytes?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Progress. */
            type $Shape = drover.v1.Progress.$Properties;
        }

        /**
         * Properties of a ChunkRequest.
         * @deprecated Use drover.v1.ChunkRequest.$Properties instead.
         */
        interface IChunkRequest extends drover.v1.ChunkRequest.$Properties {
        }

        /** Represents a ChunkRequest. */
        class ChunkRequest {

            /**
             * Constructs a new ChunkRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ChunkRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChunkRequest requestNumber. */
            requestNumber: (number|null);

            /** ChunkRequest operationId. */
            operationId: (string|null);

            /** ChunkRequest artifactSha256. */
            artifactSha256: (Uint8Array|null);

            /** ChunkRequest index. */
            index: (boolean|null);

            /** ChunkRequest indexOffset. */
            indexOffset: (number|null);

            /** ChunkRequest ranges. */
            ranges: drover.v1.ChunkRange[];

            /** ChunkRequest windowBytes. */
            windowBytes: (number|null);

            /** ChunkRequest patchBaseSha256. */
            patchBaseSha256: (Uint8Array|null);

            /** ChunkRequest patchOffset. */
            patchOffset: (number|null);

            /**
             * Creates a new ChunkRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ChunkRequest instance
             */
            static create(properties: drover.v1.ChunkRequest.$Shape): drover.v1.ChunkRequest & drover.v1.ChunkRequest.$Shape;
            static create(properties?: drover.v1.ChunkRequest.$Properties): drover.v1.ChunkRequest;

            /**
             * Encodes the specified ChunkRequest message. Does not implicitly {@link drover.v1.ChunkRequest.verify|verify} messages.
             * @param message ChunkRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ChunkRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChunkRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ChunkRequest & drover.v1.ChunkRequest.$Shape} ChunkRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ChunkRequest & drover.v1.ChunkRequest.$Shape;

            /**
             * Gets the type url for ChunkRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ChunkRequest {

            /** Properties of a ChunkRequest. */
            interface $Properties {

                /** ChunkRequest requestNumber */
                requestNumber?: (number|null);

                /** ChunkRequest operationId */
                operationId?: (string|null);

                /** ChunkRequest artifactSha256 */
                artifactSha256?: (Uint8Array|null);

                /** ChunkRequest index */
                index?: (boolean|null);

                /** ChunkRequest indexOffset */
                indexOffset?: (number|null);

                /** ChunkRequest ranges */
                ranges?: drover.v1.ChunkRange.$Properties[];

                /** ChunkRequest windowBytes */
                windowBytes?: (number|null);

                /** ChunkRequest patchBaseSha256 */
                patchBaseSha256?: (Uint8Array|null);

                /** ChunkRequest patchOffset */
                patchOffset?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ChunkRequest. */
            type $Shape = drover.v1.ChunkRequest.$Properties;
        }

        /**
         * Properties of a ChunkRange.
         * @deprecated Use drover.v1.ChunkRange.$Properties instead.
         */
        interface IChunkRange extends drover.v1.ChunkRange.$Properties {
        }

        /** Represents a ChunkRange. */
        class ChunkRange {

            /**
             * Constructs a new ChunkRange.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ChunkRange.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ChunkRange first. */
            first: (number|null);

            /** ChunkRange count. */
            count: (number|null);

            /**
             * Creates a new ChunkRange instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ChunkRange instance
             */
            static create(properties: drover.v1.ChunkRange.$Shape): drover.v1.ChunkRange & drover.v1.ChunkRange.$Shape;
            static create(properties?: drover.v1.ChunkRange.$Properties): drover.v1.ChunkRange;

            /**
             * Encodes the specified ChunkRange message. Does not implicitly {@link drover.v1.ChunkRange.verify|verify} messages.
             * @param message ChunkRange message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ChunkRange.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ChunkRange message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ChunkRange & drover.v1.ChunkRange.$Shape} ChunkRange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ChunkRange & drover.v1.ChunkRange.$Shape;

            /**
             * Gets the type url for ChunkRange
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ChunkRange {

            /** Properties of a ChunkRange. */
            interface $Properties {

                /** ChunkRange first */
                first?: (number|null);

                /** ChunkRange count */
                count?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ChunkRange. */
            type $Shape = drover.v1.ChunkRange.$Properties;
        }

        /**
         * Properties of a ConfigurationReport.
         * @deprecated Use drover.v1.ConfigurationReport.$Properties instead.
         */
        interface IConfigurationReport extends drover.v1.ConfigurationReport.$Properties {
        }

        /** Represents a ConfigurationReport. */
        class ConfigurationReport {

            /**
             * Constructs a new ConfigurationReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.ConfigurationReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ConfigurationReport operationId. */
            operationId: (string|null);

            /** ConfigurationReport attempt. */
            attempt: (number|null);

            /** ConfigurationReport version. */
            version: (string|null);

            /** ConfigurationReport sha256. */
            sha256: (Uint8Array|null);

            /** ConfigurationReport content. */
            content: (Uint8Array|null);

            /**
             * Creates a new ConfigurationReport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ConfigurationReport instance
             */
            static create(properties: drover.v1.ConfigurationReport.$Shape): drover.v1.ConfigurationReport & drover.v1.ConfigurationReport.$Shape;
            static create(properties?: drover.v1.ConfigurationReport.$Properties): drover.v1.ConfigurationReport;

            /**
             * Encodes the specified ConfigurationReport message. Does not implicitly {@link drover.v1.ConfigurationReport.verify|verify} messages.
             * @param message ConfigurationReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.ConfigurationReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ConfigurationReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.ConfigurationReport & drover.v1.ConfigurationReport.$Shape} ConfigurationReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.ConfigurationReport & drover.v1.ConfigurationReport.$Shape;

            /**
             * Gets the type url for ConfigurationReport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ConfigurationReport {

            /** Properties of a ConfigurationReport. */
            interface $Properties {

                /** ConfigurationReport operationId */
                operationId?: (string|null);

                /** ConfigurationReport attempt */
                attempt?: (number|null);

                /** ConfigurationReport version */
                version?: (string|null);

                /** ConfigurationReport sha256 */
                sha256?: (Uint8Array|null);

                /** ConfigurationReport content */
                content?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ConfigurationReport. */
            type $Shape = drover.v1.ConfigurationReport.$Properties;
        }

        /**
         * Properties of a LogReport.
         * @deprecated Use drover.v1.LogReport.$Properties instead.
         */
        interface ILogReport extends drover.v1.LogReport.$Properties {
        }

        /** Represents a LogReport. */
        class LogReport {

            /**
             * Constructs a new LogReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.LogReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LogReport operationId. */
            operationId: (string|null);

            /** LogReport attempt. */
            attempt: (number|null);

            /** LogReport lines. */
            lines: (Uint8Array|null);

            /** LogReport cut. */
            cut: (boolean|null);

            /**
             * Creates a new LogReport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns LogReport instance
             */
            static create(properties: drover.v1.LogReport.$Shape): drover.v1.LogReport & drover.v1.LogReport.$Shape;
            static create(properties?: drover.v1.LogReport.$Properties): drover.v1.LogReport;

            /**
             * Encodes the specified LogReport message. Does not implicitly {@link drover.v1.LogReport.verify|verify} messages.
             * @param message LogReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.LogReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LogReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.LogReport & drover.v1.LogReport.$Shape} LogReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.LogReport & drover.v1.LogReport.$Shape;

            /**
             * Gets the type url for LogReport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace LogReport {

            /** Properties of a LogReport. */
            interface $Properties {

                /** LogReport operationId */
                operationId?: (string|null);

                /** LogReport attempt */
                attempt?: (number|null);

                /** LogReport lines */
                lines?: (Uint8Array|null);

                /** LogReport cut */
                cut?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LogReport. */
            type $Shape = drover.v1.LogReport.$Properties;
        }

        /**
         * Properties of a Presence.
         * @deprecated Use drover.v1.Presence.$Properties instead.
         */
        interface IPresence extends drover.v1.Presence.$Properties {
        }

        /** Represents a Presence. */
        class Presence {

            /**
             * Constructs a new Presence.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.Presence.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Presence online. */
            online: (boolean|null);

            /** Presence connectionId. */
            connectionId: (Uint8Array|null);

            /**
             * Creates a new Presence instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Presence instance
             */
            static create(properties: drover.v1.Presence.$Shape): drover.v1.Presence & drover.v1.Presence.$Shape;
            static create(properties?: drover.v1.Presence.$Properties): drover.v1.Presence;

            /**
             * Encodes the specified Presence message. Does not implicitly {@link drover.v1.Presence.verify|verify} messages.
             * @param message Presence message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.Presence.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Presence message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.Presence & drover.v1.Presence.$Shape} Presence
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.Presence & drover.v1.Presence.$Shape;

            /**
             * Gets the type url for Presence
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Presence {

            /** Properties of a Presence. */
            interface $Properties {

                /** Presence online */
                online?: (boolean|null);

                /** Presence connectionId */
                connectionId?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Presence. */
            type $Shape = drover.v1.Presence.$Properties;
        }

        /**
         * Properties of a BundleHeader.
         * @deprecated Use drover.v1.BundleHeader.$Properties instead.
         */
        interface IBundleHeader extends drover.v1.BundleHeader.$Properties {
        }

        /** Represents a BundleHeader. */
        class BundleHeader {

            /**
             * Constructs a new BundleHeader.
             * @param [properties] Properties to set
             */
            constructor(properties?: drover.v1.BundleHeader.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BundleHeader envelope. */
            envelope: (Uint8Array|null);

            /** BundleHeader chunkIndex. */
            chunkIndex: (Uint8Array|null);

            /** BundleHeader encodedLengths. */
            encodedLengths: (Uint8Array|null);

            /** BundleHeader encodings. */
            encodings: (Uint8Array|null);

            /**
             * Creates a new BundleHeader instance using the specified properties.
             * @param [properties] Properties to set
             * @returns BundleHeader instance
             */
            static create(properties: drover.v1.BundleHeader.$Shape): drover.v1.BundleHeader & drover.v1.BundleHeader.$Shape;
            static create(properties?: drover.v1.BundleHeader.$Properties): drover.v1.BundleHeader;

            /**
             * Encodes the specified BundleHeader message. Does not implicitly {@link drover.v1.BundleHeader.verify|verify} messages.
             * @param message BundleHeader message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: drover.v1.BundleHeader.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BundleHeader message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {drover.v1.BundleHeader & drover.v1.BundleHeader.$Shape} BundleHeader
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): drover.v1.BundleHeader & drover.v1.BundleHeader.$Shape;

            /**
             * Gets the type url for BundleHeader
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace BundleHeader {

            /** Properties of a BundleHeader. */
            interface $Properties {

                /** BundleHeader envelope */
                envelope?: (Uint8Array|null);

                /** BundleHeader chunkIndex */
                chunkIndex?: (Uint8Array|null);

                /** BundleHeader encodedLengths */
                encodedLengths?: (Uint8Array|null);

                /** BundleHeader encodings */
                encodings?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BundleHeader. */
            type $Shape = drover.v1.BundleHeader.$Properties;
        }
    }
}
