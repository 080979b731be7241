require 'aws-sdk-s3'
def handler(event:, context:)
  s3 = Aws::S3::Client.new
  s3.put_object(bucket: event['bucket'], key: 'a/b é', body: 'hello')
  keys = s3.list_objects_v2(bucket: event['bucket']).contents.map(&:key)
  [Encoding.default_external.to_s, keys, s3.get_object(bucket: event['bucket'], key: keys[0]).body.read]
end
