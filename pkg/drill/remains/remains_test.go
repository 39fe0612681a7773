package remains_test

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/drill/remains"
	"github.com/pilotlight/pilotlight/pkg/lineage"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

var expires = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

// tags of what a drill of the plan has made.
func tags(plan, drill string) map[string]string {
	return map[string]string{
		lineage.Plan: plan, lineage.Run: drill, lineage.Step: "web", lineage.Drill: drill, lineage.Expires: expires.Format(time.RFC3339),
	}
}

func as[Tag any](tags map[string]string, make func(key, value string) Tag) []Tag {
	var all []Tag
	for key, value := range tags {
		all = append(all, make(key, value))
	}
	return all
}

func ec2Tag(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

func launch(t *testing.T, cfg aws.Config, tags map[string]string) string {
	t.Helper()
	machines := ec2.NewFromConfig(cfg)
	image, err := machines.RegisterImage(t.Context(), &ec2.RegisterImageInput{Name: aws.String(rand.Text()), RootDeviceName: aws.String("/dev/xvda")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := machines.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: image.ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: as(tags, ec2Tag)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Instances[0].InstanceId)
}

// stores makes a database and a parameter.
func stores(ctx context.Context, cfg aws.Config, ours map[string]string) error {
	_, err := rds.NewFromConfig(cfg).CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders-drill"), Engine: aws.String("postgres"), DBInstanceClass: aws.String("db.t4g.medium"),
		MasterUsername: aws.String("root"), MasterUserPassword: aws.String("secret-secret"), AllocatedStorage: aws.Int32(20),
		Tags: as(ours, func(key, value string) rdstypes.Tag {
			return rdstypes.Tag{Key: aws.String(key), Value: aws.String(value)}
		}),
	})
	if err != nil {
		return err
	}
	_, err = ssm.NewFromConfig(cfg).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/drill/host"), Value: aws.String("there"), Type: ssmtypes.ParameterTypeString,
		Tags: as(ours, func(key, value string) ssmtypes.Tag {
			return ssmtypes.Tag{Key: aws.String(key), Value: aws.String(value)}
		})})
	return err
}

func TestOf_findsEverythingThatADrillMadeAndThatIsThere(t *testing.T) {
	const region = "us-west-2"
	cfg := simulated.Shared(t).Config(region)
	machines, ctx := ec2.NewFromConfig(cfg), t.Context()
	ours := tags("shop", "shop-3")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	running, ended := launch(t, cfg, ours), launch(t, cfg, ours)
	_, err := machines.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{ended}})
	must(err)
	volume, err := machines.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-west-2a"), Size: aws.Int32(1),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVolume, Tags: as(ours, ec2Tag)}}})
	must(err)
	must(stores(ctx, cfg, ours))
	_, err = autoscaling.NewFromConfig(cfg).CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{LaunchConfigurationName: aws.String("web"), ImageId: aws.String("ami-12345678"), InstanceType: aws.String("t4g.small")})
	must(err)
	_, err = autoscaling.NewFromConfig(cfg).CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web-drill"), LaunchConfigurationName: aws.String("web"), MinSize: aws.Int32(0), MaxSize: aws.Int32(0), AvailabilityZones: []string{"us-west-2a"},
		Tags: as(ours, func(key, value string) astypes.Tag {
			return astypes.Tag{Key: aws.String(key), Value: aws.String(value), PropagateAtLaunch: aws.Bool(true)}
		})})
	must(err)
	// Neither another drill's, nor another plan's, nor what no drill made.
	launch(t, cfg, tags("shop", "shop-2"))
	launch(t, cfg, tags("bank", "shop-3"))
	launch(t, cfg, map[string]string{lineage.Plan: "shop", lineage.Run: "shop-1"})

	found, err := remains.New(cfg).Of(ctx, region, "shop", "shop-3")
	must(err)
	var resources []string
	for _, l := range found {
		if diff := cmp.Diff(drill.Leftover{Resource: l.Resource, Run: "shop-3", Step: "web", Expires: expires}, l); diff != "" {
			t.Error(diff)
		}
		parts := strings.SplitN(l.Resource, ":", 6)
		resources = append(resources, parts[len(parts)-1])
	}
	for i, r := range resources {
		if strings.HasPrefix(r, "autoScalingGroup:") {
			resources[i] = r[strings.LastIndex(r, ":")+1:]
		}
	}
	slices.Sort(resources)
	want := []string{"autoScalingGroupName/web-drill", "db:orders-drill", "instance/" + running, "parameter/drill/host", "volume/" + aws.ToString(volume.VolumeId)}
	if diff := cmp.Diff(want, resources); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestList_takesWhatDoesNotSayWhenItEndsForOver(t *testing.T) {
	const region = "eu-west-1"
	cfg := simulated.Shared(t).Config(region)
	unsaid := tags("garage", "garage-1")
	unsaid[lineage.Expires] = "tomorrow"
	launch(t, cfg, unsaid)
	found, err := remains.New(cfg).List(t.Context(), region, "garage")
	if err != nil || len(found) != 1 || !found[0].Expires.IsZero() {
		t.Errorf("found %+v, %v", found, err)
	}
}
